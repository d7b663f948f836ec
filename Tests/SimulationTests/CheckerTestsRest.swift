import Model
import Ports
import Testing

@testable import Simulation

@Suite struct CheckerTestsRest {
    private let v1 = Make.release(1)
    private let v2 = Make.release(2, Make.spec(image: "shop:2"))

    /// Converged on v1, and left alone for ten minutes.
    private func resting(_ checker: any Checker.Type) -> Play {
        var play = Play(checker)
        play.push([v1.spec])
        play.store(Make.memory(v1))
        for index in 1...3 { play.put("a\(index)", v1) }
        play.world.status = Make.status(.converged, wanted: v1, running: v1)
        play.pass(600)
        return play
    }

    // MARK: I10

    @Test func `I10: a call or a write at rest`() {
        var play = resting(IdleChecker.self)
        play.act(.prepare(reference: "shop:1", known: nil))
        #expect(play.found.count == 2)
    }

    @Test func `I10: who is asked, pushed to or hurt may act`() {
        for disturbance in [Happening.asked("rollback shop"), .life(Make.id("a1"), "exited 1")] {
            var play = resting(IdleChecker.self)
            play.happen(disturbance)
            play.act(.prepare(reference: "shop:1", known: nil))
            #expect(play.found == [])
        }
    }

    @Test func `I10: an abort without a rollout is nothing`() {
        var play = resting(IdleChecker.self)
        play.happen(.asked("abort shop"))
        play.pass(5)
        #expect(play.found == [])
        play.store(Make.memory(v1))
        #expect(play.found.count == 1)
    }

    @Test func `I10: what waits for its next attempt is not at rest`() {
        var play = resting(IdleChecker.self)
        play.happen(.life(Make.id("a1"), "blinks"))
        let next = Blocker(cause: .imagePull, object: "shop:2", message: "not found", nextAttemptInSeconds: 5)
        play.world.status = Make.status(.held, wanted: v2, running: v1, because: [next])
        play.pass(600)
        play.act(.prepare(reference: "shop:2", known: nil))
        #expect(play.found == [])
    }

    // MARK: I23

    @Test func `I23: a jump of the clock wakes something`() {
        var play = resting(ClockChecker.self)
        play.happen(.fault("host1: the wall clock jumps by 31536000 s"))
        play.pass(5)
        #expect(play.found == [])
        play.act(.restart(Make.id("a1"), name: "a1", grace: .zero))
        #expect(play.found == ["restart of a1 right after the wall clock has jumped"])
    }

    @Test func `I23: a rollout fails for want of progress long before its time`() {
        func fail(after seconds: Int) -> [String] {
            var play = Play(ClockChecker.self)
            play.push([v2.spec])
            play.store(Make.memory(v1, target: v2), records: [Make.record(v2, nil)])
            play.pass(seconds)
            let late = Failure(cause: .deadline, message: "no progress for 10m")
            play.store(
                Make.memory(v1) {
                    $0.lastOutcome = LastOutcome(
                        release: v2.number, outcome: .rolledBack, failure: late, at: .zero)
                }, records: [Make.record(v2, .rolledBack)])
            return play.found
        }
        #expect(fail(after: 620) == [])
        #expect(fail(after: 20).count == 1)
    }

    // MARK: I22

    @Test func `I22: the next one needs nobody`() {
        var play = Play(LockChecker.self)
        play.world.status = Make.status(.converged, wanted: v1, running: v1)
        play.happen(.started(incarnation: 1))
        play.pass(600)
        #expect(play.found == [])
    }

    @Test func `I22: a lock or an action that waits for a person`() {
        var locked = Play(LockChecker.self)
        locked.happen(.started(incarnation: 1))
        locked.happen(.stored(StoreBatch(), incarnation: 1, error: StoreError(.locked, "locked")))
        #expect(locked.found.count == 1)
        var dumb = Play(LockChecker.self)
        dumb.happen(.started(incarnation: 1))
        dumb.pass(200)
        #expect(dumb.found.count == 1)
        var open = Play(LockChecker.self)
        open.world.status = Make.status(.converged, wanted: v1, running: v1)
        open.world.stored.openIntents = [
            Intent(
                sequence: 7, app: Make.app, action: .launch, object: "a1", at: WallTime(secondsSince1970: 0))
        ]
        open.happen(.started(incarnation: 1))
        open.pass(400)
        #expect(open.found == ["five minutes after the start the launch of a1 before it has no outcome"])
    }

    @Test func `I22: the one that acts stands still, and another one goes on`() {
        var play = Play(LockChecker.self)
        play.happen(.started(incarnation: 1))
        play.happen(.fault("actor1: the controller gets SIGSTOP for 4m, and another one is started"))
        play.world.incarnations = [1, 2]
        play.happen(.started(incarnation: 2))
        play.happen(.fault("actor2: the controller gets SIGSTOP for 4m"))
        play.happen(.fault("controller 1 goes on"))
        play.pass(200)
        #expect(play.found == [])
        play.happen(.fault("controller 2 goes on"))
        play.pass(200)
        #expect(play.found.count == 1)
    }

    // MARK: L1, L2, I17

    private func end(_ checker: any Checker.Type, _ change: (inout Play) -> Void) -> [String] {
        var play = Play(checker)
        play.push([v1.spec])
        play.store(Make.memory(v1))
        for index in 1...3 { play.put("a\(index)", v1) }
        play.world.status = Make.status(.converged, wanted: v1, running: v1)
        play.happen(.fault("app1: an instance: exits"))
        play.happen(.calm)
        change(&play)
        play.pass(60)
        play.happen(.ended)
        return play.found
    }

    @Test func `L1: exactly what git wants`() {
        #expect(end(ConvergenceChecker.self) { _ in } == [])
        #expect(end(ConvergenceChecker.self) { $0.push([v2.spec]) } == ["shop: v1 is not what git wants"])
        #expect(end(ConvergenceChecker.self) { $0.gone("a1") } == ["shop: web has 2 of 3 instances"])
        #expect(end(ConvergenceChecker.self) { $0.push([]) }.count == 1)
        #expect(end(ConvergenceChecker.self) { $0.world.incarnations = [] } == ["no controller runs"])
    }

    @Test func `L1: or the last good release, with a reason`() {
        let back = Make.status(.rolledBack, wanted: v2, running: v1, because: Make.because(.quarantined))
        let good = end(ConvergenceChecker.self) { play in
            play.push([v2.spec])
            play.world.status = back
        }
        #expect(good == [])
        let dumb = end(ConvergenceChecker.self) { play in
            play.push([v2.spec])
            play.world.status = Make.status(.rolledBack, wanted: v2, running: v1)
        }
        #expect(dumb == ["shop: nothing says why it is rolled_back"])
        let mixed = end(ConvergenceChecker.self) { play in
            play.push([v2.spec])
            play.put("b1", v2)
            play.world.status = back
        }
        #expect(mixed == ["shop: b1 is left over"])
    }

    @Test func `L1: only the spec or a person makes it wait for a person`() {
        func held(_ cause: Blocker.Cause) -> [String] {
            end(ConvergenceChecker.self) { play in
                play.push([v2.spec])
                play.world.status = Make.status(.held, wanted: v2, running: v1, because: Make.because(cause))
            }
        }
        #expect(held(.paused) == [] && held(.rollbackOff) == [])
        #expect(held(.engine).count == 1 && held(.imagePull).count == 1)
    }

    @Test func `L1: a good release is not turned back for nothing`() {
        func back(_ image: String) -> [String] {
            var play = Play(ConvergenceChecker.self)
            play.store(Make.memory(v1))
            for index in 1...3 { play.put("a\(index)", v1) }
            let release = Make.release(2, Make.spec(image: image))
            play.push([release.spec])
            play.world.status = Make.status(
                .rolledBack, wanted: release, running: v1, because: Make.because(.quarantined))
            play.happen(.calm)
            play.happen(.ended)
            return play.found
        }
        #expect(back("shop:2") == ["shop: a good release was rolled back"])
        #expect(back("shop:bad") == [])
    }

    @Test func `L1: what carries a number that the store has given to something else is beyond knowing`() {
        let other = Make.release(1, Make.spec(image: "shop:2"), commit: "b")
        func left(_ history: [RolloutRecord]) -> [String] {
            end(ConvergenceChecker.self) { play in
                play.world.rollouts = history
                play.put("b1", other)
            }
        }
        #expect(left([Make.record(v1, .succeeded)]) == [])
        #expect(left([]).count == 1)
        #expect(left([Make.record(v1, .succeeded), Make.record(other, .superseded)]).count == 1)
    }

    @Test func `L2: what is at rest stays so`() {
        let fallen = end(StabilityChecker.self) { play in
            play.pass(120)
            play.world.instances[Make.id("a1")] = nil
        }
        #expect(fallen == ["shop was at rest, and now web has 2 of 3 instances"])
        let hurt = end(StabilityChecker.self) { play in
            play.pass(120)
            play.turn("a1", isReady: false)
        }
        #expect(hurt == [])
        let unread = end(StabilityChecker.self) { play in
            play.push([v2.spec], commit: "b")
            play.world.inFlight = [
                EngineCall(number: 9, incarnation: 1, action: .prepare(reference: v2.spec.image, known: nil))
            ]
            play.world.status = Make.status(
                .held, wanted: v2, running: v1, because: Make.because(.rollbackOff))
            play.pass(120)
            play.world.inFlight = []
            play.world.status = Make.status(
                .progressing, wanted: v2, running: v1, because: Make.because(.starting))
        }
        #expect(unread == [])
    }

    @Test func `L2: who is being repaired is not at rest`() {
        let sick = Make.release(1, Make.spec(image: "shop:sick"))
        func progress(after verdict: Verdict) -> [String] {
            end(StabilityChecker.self) { play in
                play.push([sick.spec])
                play.store(Make.memory(sick))
                for index in 1...3 { play.put("a\(index)", sick) }
                play.world.status = Make.status(
                    verdict, wanted: sick, running: sick, because: Make.because(.probeFailed))
                play.pass(120)
                play.world.status = Make.status(
                    .progressing, wanted: sick, running: sick, because: Make.because(.removing))
            }
        }
        #expect(progress(after: .degraded) == [])
        #expect(progress(after: .converged).count == 1)
    }

    @Test func `I17: counts only where events were lost`() {
        #expect(end(LevelChecker.self) { $0.gone("a1") } == [])
        let lost = end(LevelChecker.self) { play in
            play.happen(.fault("event1: events: drop(percent: 100) for 5m"))
            play.gone("a1")
        }
        #expect(lost.count == 1)
    }

    // MARK: I18

    @Test func `I18: a healthy change is not begun`() {
        var play = Play(IsolationChecker.self)
        play.store(Make.memory(v1))
        play.push([v2.spec])
        play.pass(140)
        #expect(play.found == [])
        play.pass(40)
        #expect(play.found.count == 1)
    }

    @Test func `I18: a rollout, a pause or a bad image end the wait`() {
        var begun = Play(IsolationChecker.self)
        begun.store(Make.memory(v1))
        begun.push([v2.spec])
        begun.pass(30)
        begun.store(Make.memory(v1, target: v2))
        begun.pass(300)
        var paused = Play(IsolationChecker.self)
        paused.store(Make.memory(v1) { $0.isPaused = true })
        paused.push([v2.spec])
        paused.pass(300)
        var bad = Play(IsolationChecker.self)
        bad.push([Make.spec(image: "shop:bad")])
        bad.pass(300)
        #expect(begun.found + paused.found + bad.found == [])
    }

    @Test func `each rule has a name of its own and words for a user`() {
        let ids = Checkers.all.map { $0.id } + Checkers.elsewhere.map(\.id)
        #expect(Set(ids).count == ids.count)
        let expected = (1...27).map { "I\($0)" } + ["L1", "L2"]
        #expect(Set(ids) == Set(expected))
        #expect(Checkers.all.allSatisfy { $0.rule.count > 10 && $0.rule.hasSuffix(".") })
    }
}
