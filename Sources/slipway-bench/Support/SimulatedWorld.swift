import Controller
import Model
import Ports
import Simulation
import Telemetry

/// A real controller over an engine, a store, a repository and a clock in memory: what it costs by itself.
struct SimulatedWorld: Sendable {
    let engine = FakeEngine()
    let repository = FakeRepository()
    let clock = ManualClock()
    let store = MemoryStore()

    /// Brings `apps` apps to convergence by ordinary rollouts, then gives `body` the controller at rest.
    func withConverged<Value: Sendable>(
        apps: Int, _ body: (Controller) async throws -> Value
    ) async throws -> Value {
        repository.commit(SampleSpecs.files(apps, image: "registry.example.com/app:1"))
        let controller = Controller(
            configuration: try Running.configuration(repository, installation: try Running.installation()),
            engine: engine, store: store, prober: FakeProber(engine: engine), clock: clock, logger: .disabled)
        return try await Running.with(controller, from: try store.claim()) { controller in
            try await waitUntil(
                "\(apps) simulated instances", timeout: .seconds(600), step: .milliseconds(50)
            ) {
                engine.instanceCount == apps
            }
            // Counted, not read from the status: that of ten thousand apps would be much of what is measured.
            try await waitUntil("\(apps) rollouts", timeout: .seconds(600), step: .milliseconds(20)) {
                await controller.metrics().rolloutsEnded[.succeeded, default: 0] == apps
            }
            // Deadlines of the rollouts that are over still wake the loop once.
            clock.advance(by: .minutes(60))
            try await settle(controller)
            return try await body(controller)
        }
    }

    /// Waits until no pass has been made for a while.
    private func settle(_ controller: Controller) async throws {
        var before: Int64 = -1
        try await waitUntil("a controller at rest", step: .milliseconds(200)) {
            let passes = await controller.metrics().passes
            defer { before = passes }
            return passes == before
        }
    }

    /// Lets the time for a full listing come, and returns the number of passes that planned what it found.
    func relist(_ controller: Controller, apps: Int) async throws -> Int64 {
        let listings = engine.listings
        let passes = await controller.metrics().passes
        let expected = Int64((apps + Controller.appsInPass - 1) / Controller.appsInPass)
        let changes = await controller.changes()
        clock.advance(by: .seconds(60))
        for await _ in changes where engine.listings > listings {
            let made = await controller.metrics().passes - passes
            if made >= expected { return made }
        }
        throw BenchError("the controller ended")
    }
}
