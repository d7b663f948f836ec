import Controller
import GitSource
import Model
import Ports
import StateStore
import Telemetry

/// A controller that runs for as long as a measure looks at it.
enum Running {
    /// Runs `controller` beside `body` and stops it afterwards.
    static func with<Value: Sendable>(
        _ controller: Controller, from state: StoredState, _ body: (Controller) async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await controller.run(from: state) }
            do {
                let value = try await body(controller)
                await controller.stop()
                try await group.waitForAll()
                return value
            } catch {
                await controller.stop()
                try await group.waitForAll()
                throw error
            }
        }
    }

    /// Waits until every app is converged on what git wants.
    static func untilConverged(
        _ controller: Controller, apps: Int, timeout: Duration = .seconds(90),
        step: Duration = .milliseconds(2)
    ) async throws {
        do {
            try await waitUntil("\(apps) converged apps", timeout: timeout, step: step) {
                let status = await controller.status()
                return status.apps.count == apps && status.apps.allSatisfy { $0.verdict == .converged }
            }
        } catch let error as BenchError {
            throw BenchError("\(error); \(await obstacles(controller))")
        }
    }

    /// What the controller says of why it is not done.
    private static func obstacles(_ controller: Controller) async -> String {
        let status = await controller.status()
        let waiting = status.apps.filter { $0.verdict != .converged }
        let chain = status.because + status.sources.flatMap(\.because) + waiting.flatMap(\.because)
        let sentences = chain.prefix(5).map { "\($0.object): \($0.message)" }
        return "\(status.apps.count) apps, \(waiting.count) not converged; "
            + sentences.joined(separator: "; ")
    }

    static func configuration(
        _ repository: any SourceRepository, installation: InstallationName
    ) throws -> ControllerConfiguration {
        guard let source = SourceName("main"), let project = ProjectName(SampleSpecs.project) else {
            throw BenchError("the names of the bench are no names")
        }
        // Measures ask for each fetch themselves: nothing is polled meanwhile.
        let watched = WatchedRepository(
            repository: repository, displayName: "bench", branch: "main", pollInterval: .minutes(24 * 60),
            sources: [WatchedSource(name: source, path: "", project: project)])
        return ControllerConfiguration(
            installation: installation, naming: Naming(prefix: "\(installation)-"), repositories: [watched])
    }

    /// The real thing over a repository on this machine, with mirrors in `folder`.
    static func gitRepository(_ bench: Bench, of path: String, in folder: String) throws -> GitRepository {
        try GitRepository(
            configuration: GitRepositoryConfiguration(
                url: path, mirrorDirectory: "\(folder)/mirrors",
                fetchHelper: try bench.program("slipway-fetch"),
                allowsLocal: true),
            pool: bench.pool)
    }

    static func installation(_ text: String = "bench") throws -> InstallationName {
        guard let name = InstallationName(text) else { throw BenchError("\(text) is no installation's name") }
        return name
    }
}
