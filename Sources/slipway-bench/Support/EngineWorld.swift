import Controller
import DockerEngine
import Glibc
import HTTPClient
import Model
import Ports
import Probing
import Simulation
import StateStore
import Telemetry

/// A controller with the real adapter, prober and store over a real engine, and what it makes there.
struct EngineWorld: Sendable {
    let bench: Bench
    let docker: RawDocker
    let installation: InstallationName
    let repository = FakeRepository()
    /// Names of two images that differ in one variable.
    let images: [String]

    var label: String { "\(LabelKey.installation)%3D\(installation)" }
    var labels: [String: String] { [LabelKey.installation: installation.rawValue] }

    /// Gives `body` a world with its own installation, and takes away afterwards whatever carries its label.
    static func with<Value: Sendable>(
        _ bench: Bench, _ body: (EngineWorld) async throws -> Value
    ) async throws -> Value {
        let docker = RawDocker(bench)
        let name = "bench-\(getpid())"
        let images = try await BenchImage.make(bench, docker, name: name)
        let world = EngineWorld(
            bench: bench, docker: docker, installation: try Running.installation(name), images: images)
        do {
            let value = try await body(world)
            await world.cleanUp()
            return value
        } catch {
            await world.cleanUp()
            throw error
        }
    }

    /// What cannot be taken away is named, and costs no figure.
    private func cleanUp() async {
        do {
            try await docker.sweep(label: label)
            for image in images { try await docker.send("DELETE", "images/\(image)", accepting: [404, 409]) }
        } catch {
            Progress.say("something labelled \(LabelKey.installation)=\(installation) may be left: \(error)")
        }
    }

    /// Runs a controller with its memory in `folder`.
    func withController<Value: Sendable>(
        folder: String, edge: (any Edge)? = nil, _ body: (Controller) async throws -> Value
    ) async throws -> Value {
        let store = try await SQLiteStore(directory: "\(folder)/state")
        let client = HTTPClient()
        let engine = DockerEngine(
            configuration: DockerConfiguration(socketPath: bench.engineSocket, installation: installation),
            client: client)
        let controller = Controller(
            configuration: try Running.configuration(repository, installation: installation), engine: engine,
            edge: edge, store: store, prober: EngineProber(engine: engine, client: client),
            clock: SystemClock(resuming: nil),
            logger: .disabled)
        let value = try await Running.with(controller, from: try await store.claim(), body)
        await store.close()
        return value
    }
}
