@testable import Commands
import Model
import Testing

@Suite struct FollowRuleTests {
    private let start: ContinuousClock.Instant = .now
    private var shop: AppName { get throws { try #require(AppName("shop")) } }

    private func state(
        _ verdict: Verdict, wanted: Int = 2, running: Int = 2, rollout: Bool = false, since: Int64 = 0,
        because: [Blocker] = [], isPaused: Bool = false
    ) throws -> InstallationStatus {
        let app = try Samples.app(
            "shop", verdict, wanted: Samples.release(wanted, "a"), running: Samples.release(running, "b"),
            rollout: rollout ? Samples.shop().rollout : nil, since: since, because: because,
            isPaused: isPaused)
        return try Samples.installation([app], verdict: verdict)
    }

    private func expect(
        _ rule: inout FollowRule, _ status: InstallationStatus, after time: Duration,
        _ judgement: FollowRule.Judgement,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let made = rule.judge(status, now: start + time)
        #expect(made == judgement, "\(status.apps.map(\.verdict))", sourceLocation: sourceLocation)
    }

    @Test func aWatchEndsOnAFinalState() throws {
        let finals: [(Verdict, Int32)] = [
            (.converged, 0), (.held, 3), (.rolledBack, 2), (.invalid, 2), (.unplaceable, 2)
        ]
        for (verdict, code) in finals {
            var rule = FollowRule(app: try shop, expected: nil, mustSettle: false)
            expect(&rule, try state(verdict), after: .zero, .over(exitCode: code))
        }
        for verdict in [Verdict.progressing, .waiting, .degraded, .unknown] {
            var rule = FollowRule(app: try shop, expected: nil, mustSettle: false)
            expect(&rule, try state(verdict), after: .zero, .goesOn)
        }
    }

    @Test func itFollowsARollbackToItsEnd() throws {
        var rule = FollowRule(app: try shop, expected: nil, mustSettle: false)
        expect(&rule, try state(.progressing, running: 1), after: .zero, .goesOn)
        expect(&rule, try state(.rolledBack, running: 1, rollout: true), after: .zero, .goesOn)
        expect(&rule, try state(.rolledBack, running: 1), after: .zero, .over(exitCode: 2))
    }

    @Test func whatNeedsAPersonEndsIt() throws {
        var rule = FollowRule(app: try shop, expected: nil, mustSettle: false)
        expect(&rule, try state(.progressing, isPaused: true), after: .zero, .over(exitCode: 3))
        let approval = Blocker(cause: .approval, object: "shop", message: "")
        expect(&rule, try state(.waiting, because: [approval]), after: .zero, .over(exitCode: 3))
        expect(&rule, try state(.degraded, since: 60), after: .zero, .over(exitCode: 2))
    }

    /// A step that waits for a person is held; one that bakes goes on by itself.
    @Test func aHeldStepEndsItAndABakeDoesNot() throws {
        var rule = FollowRule(app: try shop, expected: nil, mustSettle: false)
        let bake = Blocker(cause: .bake, object: "v2", message: "step 2 of 4, baking")
        expect(
            &rule, try state(.progressing, running: 1, rollout: true, because: [bake]), after: .zero, .goesOn)
        for cause in [Blocker.Cause.approval, .evidence] {
            let wait = Blocker(cause: cause, object: "v2", message: "", command: "slipway promote shop")
            let held = try state(.held, running: 1, rollout: true, because: [wait])
            expect(&rule, held, after: .zero, .over(exitCode: 3))
        }
        // Right after `slipway promote` the step may still be said to be held.
        rule = FollowRule(app: try shop, expected: ReleaseNumber(2), mustSettle: true)
        let wait = Blocker(cause: .approval, object: "v2", message: "", command: "slipway promote shop")
        expect(&rule, try state(.held, running: 1, rollout: true, because: [wait]), after: .zero, .goesOn)
        expect(&rule, try state(.progressing, running: 1, rollout: true), after: .seconds(1), .goesOn)
        expect(&rule, try state(.converged), after: .seconds(9), .over(exitCode: 0))
    }

    @Test func aGroupIsHeldWithItsMember() throws {
        let group = Blocker(cause: .group, object: "train", message: "")
        let waiting = try Samples.app("api", .progressing, because: [group])
        let held = try Samples.apps()[3], good = try Samples.apps()[0], moving = try Samples.shop()
        var rule = FollowRule(app: nil, expected: nil, mustSettle: false)
        func judge(_ apps: [AppStatus], _ judgement: FollowRule.Judgement) throws {
            expect(&rule, try Samples.installation(apps, verdict: .held), after: .zero, judgement)
        }
        try judge([good, waiting], .goesOn)
        try judge([good, waiting, held, moving], .goesOn)
        try judge([good, waiting, held], .over(exitCode: 3))
    }

    /// Right after a command the state may still be that of before.
    @Test func anOldFinalStateMustSettle() throws {
        var rule = FollowRule(app: try shop, expected: nil, mustSettle: true)
        expect(&rule, try state(.rolledBack, running: 1), after: .zero, .goesOn)
        expect(&rule, try state(.rolledBack, running: 1), after: .seconds(2), .goesOn)
        expect(&rule, try state(.progressing, running: 1), after: .seconds(2), .goesOn)
        expect(&rule, try state(.converged), after: .seconds(2), .over(exitCode: 0))

        rule = FollowRule(app: try shop, expected: nil, mustSettle: true)
        expect(&rule, try state(.held), after: .zero, .goesOn)
        expect(&rule, try state(.held), after: FollowRule.settling, .over(exitCode: 3))
    }

    @Test func theExpectedReleaseIsSuccessAtOnce() throws {
        var rule = FollowRule(app: try shop, expected: ReleaseNumber(1), mustSettle: true)
        let pinned = Blocker(cause: .pinned, object: "shop", message: "a person went back to v1")
        expect(&rule, try state(.converged), after: .zero, .goesOn)
        expect(&rule, try state(.held, running: 1, because: [pinned]), after: .zero, .over(exitCode: 0))
        rule = FollowRule(app: try shop, expected: ReleaseNumber(2), mustSettle: true)
        expect(&rule, try state(.converged), after: .zero, .over(exitCode: 0))
    }

    @Test func allAppsMustBeFinal() throws {
        let good = try Samples.apps()[0], moving = try Samples.shop(), held = try Samples.apps()[3]
        var rule = FollowRule(app: nil, expected: nil, mustSettle: false)
        expect(&rule, try Samples.installation([good, moving], verdict: .progressing), after: .zero, .goesOn)
        expect(
            &rule, try Samples.installation([good, held], verdict: .held), after: .zero, .over(exitCode: 3))
        expect(&rule, try Samples.installation([good], verdict: .converged), after: .zero, .over(exitCode: 0))
        expect(&rule, try Samples.installation([good], verdict: .invalid), after: .zero, .over(exitCode: 2))
    }

    @Test func anAppThatIsNotThere() throws {
        let empty = try Samples.installation([], verdict: .converged)
        var rule = FollowRule(app: try shop, expected: nil, mustSettle: false)
        expect(&rule, empty, after: .zero, .noSuchApp)
        expect(&rule, try state(.progressing), after: .zero, .goesOn)
        expect(&rule, empty, after: .zero, .over(exitCode: 0))
    }
}
