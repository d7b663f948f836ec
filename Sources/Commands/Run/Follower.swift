internal import Model
internal import Synchronization

/// Follows `/v1/watch` until a rule says that it is over.
struct Follower {
    let run: CommandRun
    let client: ControlClient

    /// - Parameter timeout: `nil`: no limit.
    func follow(_ rule: FollowRule, timeout: TimeSpan?) async throws -> Int32 {
        let latest = LatestStatus()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await listen(into: latest) }
            group.addTask {
                // Time passes for the rule even where nothing changes.
                while (try? await Task.sleep(for: .milliseconds(250))) != nil { latest.wake() }
            }
            defer { group.cancelAll() }
            return try await look(latest, rule, timeout: timeout)
        }
    }

    private func look(_ latest: LatestStatus, _ rule: FollowRule, timeout: TimeSpan?) async throws -> Int32 {
        var rule = rule
        var view = FollowView(run: run, app: rule.app)
        let deadline = timeout.map { ContinuousClock.now + $0.duration }
        for await _ in latest.wakes {
            if let failure = latest.failure { throw failure }
            if let status = latest.status {
                let judgement = rule.judge(status, now: .now)
                if judgement == .noSuchApp, let app = rule.app {
                    let guess = Suggestion.nearest(to: app.rawValue, in: status.apps.map(\.name.rawValue))
                    throw ControlClient.Failure.refused(
                        code: "not_found", message: "there is no app '\(app)'" + Suggestion.question(guess))
                }
                try view.show(status)
                if case .over(let code) = judgement { return code }
            }
            if let deadline, ContinuousClock.now >= deadline {
                run.console.complain(
                    "slipway: not over after \(timeout.map(\.description) ?? ""); it goes on without you\n")
                return ExitCode.inProgress
            }
        }
        throw CancellationError()
    }

    /// Keeps the newest status, over restarts of the controller.
    private func listen(into latest: LatestStatus) async {
        var lostAt: ContinuousClock.Instant?
        var pause = Duration.milliseconds(250)
        while !Task.isCancelled {
            var failure = ControlClient.Failure.unreachable("the controller ended the stream of states")
            do {
                for try await event in try await client.events(["v1", "watch"]) where event.name == "status" {
                    latest.set(try run.decode(InstallationStatus.self, event))
                    lostAt = nil
                    pause = .milliseconds(250)
                }
            } catch let error as ControlClient.Failure {
                failure = error
            } catch {
                failure = .unreachable("the stream of states broke: \(error)")
            }
            if Task.isCancelled { return }
            let since = lostAt ?? .now
            // Without a first state there is nothing to wait for; after one, a restart of the controller is no reason
            // to give up, for the apps go on without it.
            guard case .unreachable = failure, latest.status != nil, .now - since < .seconds(30) else {
                latest.fail(failure)
                return
            }
            if lostAt == nil { run.console.complain("slipway: lost the controller, trying again for 30s\n") }
            lostAt = since
            guard (try? await Task.sleep(for: pause)) != nil else { return }
            pause = min(pause * 2, .seconds(4))
        }
    }
}

/// The newest status and a wake-up for who looks at it.
private final class LatestStatus: Sendable {
    let wakes: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let state = Mutex<(status: InstallationStatus?, failure: ControlClient.Failure?)>((nil, nil))

    init() {
        (wakes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    var status: InstallationStatus? { state.withLock { $0.status } }
    var failure: ControlClient.Failure? { state.withLock { $0.failure } }

    func set(_ status: InstallationStatus) {
        state.withLock { $0.status = status }
        wake()
    }

    func fail(_ failure: ControlClient.Failure) {
        state.withLock { $0.failure = failure }
        wake()
    }

    func wake() { continuation.yield() }
}
