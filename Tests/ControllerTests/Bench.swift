import Controller
import Model
import Planning
import Ports
import Simulation
import Telemetry
import Testing

/// A real controller on simulated parts and a clock that is moved by hand.
final class Workbench: Sendable {
    let clock: ManualClock
    let engine: FakeEngine
    let repository: FakeRepository
    let store: MemoryStore
    let controller: Controller
    private let loop: Task<Void, Never>

    static let project = ProjectName("retail").required
    static let source = SourceName("main").required

    /// Starts a controller; with parts of an earlier one it is a restart.
    init(
        store: MemoryStore = MemoryStore(), engine: FakeEngine = FakeEngine(),
        repository: FakeRepository = FakeRepository(), clock: ManualClock = ManualClock(),
        repositories: [WatchedRepository]? = nil, projects: ProjectPolicy = ProjectPolicy(),
        edge: (any Edge)? = nil, secrets: SecretParts? = nil,
        configure: (inout ControllerConfiguration) -> Void = { _ in }
    ) async throws {
        (self.store, self.engine, self.repository, self.clock) = (store, engine, repository, clock)
        controller = Self.make(engine, store, repository, clock, repositories, projects, edge: edge) {
            $0.secretKeyring = secrets?.keyring
            $0.secretCourier = secrets?.courier
            configure(&$0)
        }
        let state = try store.claim()
        loop = Task { [controller] in await controller.run(from: state) }
    }

    static func make(
        _ engine: FakeEngine, _ store: any Store, _ repository: FakeRepository, _ clock: ManualClock,
        _ repositories: [WatchedRepository]? = nil, _ projects: ProjectPolicy = ProjectPolicy(),
        edge: (any Edge)? = nil,
        configure: (inout ControllerConfiguration) -> Void = { _ in }
    ) -> Controller {
        var configuration = ControllerConfiguration(
            installation: InstallationName("test").required, naming: Naming(prefix: ""),
            repositories: repositories ?? [watched(repository, [(source.rawValue, "")])], projects: projects)
        configure(&configuration)
        return Controller(
            configuration: configuration,
            engine: engine, edge: edge, store: store, prober: FakeProber(engine: engine), clock: clock,
            logger: .disabled)
    }

    /// A branch that is read by sources of these names and paths.
    static func watched(
        _ repository: FakeRepository, _ sources: [(name: String, path: String)]
    ) -> WatchedRepository {
        WatchedRepository(
            repository: repository, displayName: "simulated", branch: "main", pollInterval: .seconds(30),
            sources: sources.map {
                WatchedSource(name: SourceName($0.name).required, path: $0.path, project: project)
            })
    }

    /// A controller that starts after this one on the same parts, or on another store.
    func restarted(
        store other: MemoryStore? = nil, after away: TimeSpan = .zero,
        repositories: [WatchedRepository]? = nil, projects: ProjectPolicy = ProjectPolicy()
    ) async throws -> Workbench {
        await stop()
        clock.advance(by: away)
        return try await Workbench(
            store: other ?? store, engine: engine, repository: repository, clock: clock,
            repositories: repositories, projects: projects)
    }

    /// Lets time go by.
    func pass(_ span: TimeSpan) async {
        for _ in 0..<(span.milliseconds / 100) {
            clock.advance(by: .milliseconds(100))
            for _ in 0..<20 { await Task.yield() }
        }
    }

    /// Ends the controller as a kill would, as far as the outside can tell: nothing more is said or done.
    func stop() async {
        await controller.stop()
        clock.advance(by: .seconds(1))
        await loop.value
    }

    /// Waits for the end of a controller that nobody asked to stop.
    func ended() async { await loop.value }

    /// Moves the time on in small steps until `condition` holds; fails after ten simulated minutes.
    func wait(
        _ what: Comment, location: SourceLocation = #_sourceLocation,
        until condition: (InstallationStatus) -> Bool
    ) async {
        for _ in 0..<6_000 {
            if condition(await controller.status()) { return }
            clock.advance(by: .milliseconds(100))
            // Lets the controller's tasks see the time before it moves on.
            for _ in 0..<20 { await Task.yield() }
        }
        let status = await controller.status()
        Issue.record(
            "\(what): not reached; it is \(status.apps.map { ($0.name, $0.verdict, $0.because) })",
            sourceLocation: location)
    }

    func waitForVerdict(
        _ verdict: Verdict, of app: String = "shop", release: Int? = nil,
        location: SourceLocation = #_sourceLocation
    ) async {
        await wait("\(app) is \(verdict)", location: location) { status in
            guard let found = status.apps.first(where: { $0.name.rawValue == app }) else { return false }
            return found.verdict == verdict && (release == nil || found.running?.number?.value == release)
        }
    }

    static func spec(_ name: String, image: String, replicas: Int = 2, more: String = "") -> String {
        """
        name: \(name)
        image: registry.example.com/\(image)
        port: 8080
        replicas: \(replicas)
        healthcheck: {path: /health, start_period: 3s}
        deploy: {min_healthy_time: 2s, timeout: 1m}
        \(more)
        """
    }
}

extension Optional {
    /// The value of a constant that the test itself has written.
    var required: Wrapped {
        guard let self else { fatalError("the test's own constant is malformed") }
        return self
    }
}
