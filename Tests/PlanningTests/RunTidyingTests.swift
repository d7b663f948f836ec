import Model
import Planning
import Testing

/// What becomes of the containers of one-off runs.
@Suite struct RunTidyingTests {
    private static let now = Instant(nanoseconds: 1_000_000_000_000_000)

    private func run(
        _ number: Int, _ state: ContainerState, isDetached: Bool, isAttended: Bool = false,
        runningSeconds: Int64? = nil, endedSeconds: Int64? = nil, timeout: Int64 = 3_600
    ) throws -> RunTidying.Run {
        let label = RunLabel(
            isDetached: isDetached, startedAt: WallTime(secondsSince1970: 1_795_000_000), number: number)
        let digest = try #require(ContentDigest("sha256:" + String(repeating: "a", count: 64)))
        let labels = InstanceLabels(
            installation: try #require(InstallationName("test")),
            project: try #require(ProjectName("retail")),
            app: try #require(AppName("shop")), process: .oneOffRun, release: .first, spec: digest,
            template: digest, source: try #require(SourceName("main")), path: "shop.yaml",
            commit: try #require(CommitID(String(repeating: "c", count: 40))),
            job: label.job(timeoutInSeconds: timeout))
        let container = ObservedInstance(
            id: try #require(ContainerID(String(repeating: "\(number % 10)", count: 64))),
            name: "shop-run-\(number)",
            labels: labels, state: state, startStamp: "", restartCount: 0, address: nil,
            effective: EffectiveSettings(nanoCPUs: nil, memoryInBytes: nil, restart: .never, networks: []),
            image: "app")
        func ago(_ seconds: Int64) -> Instant { Self.now + .seconds(-seconds) }
        return RunTidying.Run(
            container: container, isAttended: isAttended, runningSince: runningSeconds.map(ago),
            endedAt: endedSeconds.map(ago), grace: .seconds(7))
    }

    private func words(_ runs: [RunTidying.Run], busy: Set<String> = []) -> [String] {
        RunTidying.review(runs, busy: busy, now: Self.now).actions.map { "\($0.kind.rawValue) \($0.object)" }
    }

    @Test(arguments: [false, true]) func aContainerThatNobodyStarts(_ isDetached: Bool) throws {
        #expect(
            words([try run(1, .created(error: nil), isDetached: isDetached)]) == ["discard_job shop-run-1"])
        #expect(words([try run(1, .created(error: nil), isDetached: isDetached, isAttended: true)]).isEmpty)
    }

    @Test func whatRuns() throws {
        // Its caller is gone.
        #expect(words([try run(1, .running, isDetached: false, runningSeconds: 5)]) == ["stop shop-run-1"])
        #expect(words([try run(1, .running, isDetached: false, isAttended: true, runningSeconds: 5)]).isEmpty)
        #expect(words([try run(1, .running, isDetached: true, runningSeconds: 5)]).isEmpty)
        // What something is being done with is left alone.
        #expect(words([try run(1, .running, isDetached: false)], busy: ["shop-run-1"]).isEmpty)
    }

    @Test func timeIsOver() throws {
        let over = try run(1, .running, isDetached: true, runningSeconds: 3_600)
        let result = RunTidying.review([over], busy: [], now: Self.now)
        #expect(result.actions == [.stop(over.container.id, name: "shop-run-1", grace: .seconds(7))])
        #expect(result.overdue == [over.container.id])
        let attended = try run(1, .running, isDetached: false, isAttended: true, runningSeconds: 3_600)
        #expect(words([attended]) == ["stop shop-run-1"])
        let early = RunTidying.review(
            [try run(1, .running, isDetached: true, runningSeconds: 3_599)], busy: [], now: Self.now)
        #expect(early.actions.isEmpty && early.wake == Self.now + .seconds(1))
    }

    @Test func whatHasEnded() throws {
        let exited = ContainerState.exited(code: 1, outOfMemory: false)
        // Nobody is to see it who has not seen it.
        #expect(words([try run(1, exited, isDetached: false)]) == ["remove shop-run-1"])
        // Its caller is still told how it ended.
        #expect(words([try run(1, exited, isDetached: false, isAttended: true)]).isEmpty)
        let many = try (1...5).map { try run($0, exited, isDetached: true, endedSeconds: 60) }
        #expect(words(many) == ["remove shop-run-1", "remove shop-run-2"])
        #expect(
            words([try run(1, exited, isDetached: true, endedSeconds: 24 * 3_600)]) == ["remove shop-run-1"])
        let kept = RunTidying.review(
            [try run(1, exited, isDetached: true, endedSeconds: 3_600)], busy: [], now: Self.now)
        #expect(kept.actions.isEmpty && kept.wake == Self.now + .seconds(23 * 3_600))
    }

    /// A second look at what the first one has done says nothing more.
    @Test func itComesToRest() throws {
        let states: [ContainerState] = [
            .created(error: nil), .running, .exited(code: 0, outOfMemory: false), .removing, .dead, .paused
        ]
        for state in states {
            for isDetached in [false, true] {
                for isAttended in [false, true] {
                    let first = try run(
                        1, state, isDetached: isDetached, isAttended: isAttended, endedSeconds: 9)
                    let result = RunTidying.review([first], busy: [], now: Self.now)
                    #expect(result.actions.count <= 1)
                    let after = RunTidying.review(
                        [first], busy: Set(result.actions.map(\.object)), now: Self.now)
                    #expect(after.actions.isEmpty)
                }
            }
        }
    }

    @Test func labels() throws {
        let label = RunLabel(
            isDetached: true, startedAt: WallTime(secondsSince1970: 1_795_236_000), number: 12)
        let job = try #require(label.job(timeoutInSeconds: 60))
        #expect(RunLabel(job) == label && job.run.first == "d" && Int(job.run) == nil)
        for run in ["x", "d1", "x1.", "x.1", "y1.1", "x1.0", "x1.1.1", "x-1.1", "xzzzzzzzzzzzzzzzzzzzz.1"] {
            let other = JobLabel(kind: .run, run: run, timeoutInSeconds: 1)
            #expect(RunLabel(other) == nil, "\(run)")
        }
        #expect(RunLabel(JobLabel(kind: .cron, run: job.run, timeoutInSeconds: 1)) == nil)
        #expect(RunLabel(nil) == nil)
    }
}
