import Model
import Ports
import Testing

extension Scenario {
    static let jobs: [Scenario] = [
        Scenario("a job is made and not started") { stage in
            let id = try await stage.made()
            await stage.look(id)
            await stage.list()
        },
        Scenario("a job that is made again is the same one, whatever has become of it") { stage in
            let id = try await stage.made("job", .exits(0))
            await stage.make(try await stage.jobOrder("job", .exits(0)))
            await stage.startJob(id)
            try await stage.wait(id, until: "exited 0") { $0.state == .exited(code: 0, outOfMemory: false) }
            await stage.make(try await stage.jobOrder("job", .exits(0)))
            await stage.look(id)
        },
        Scenario("a job runs once and ends, whatever its code") { stage in
            let id = try await stage.made("job", .exits(3))
            await stage.startJob(id)
            try await stage.wait(id, until: "exited 3") { $0.state == .exited(code: 3, outOfMemory: false) }
            await stage.look(id)
        },
        Scenario("a job that cannot be started says so") { stage in
            let id = try await stage.made("job", .missing)
            await stage.startJob(id)
            await stage.look(id)
        },
        Scenario("a job that was never started is discarded") { stage in
            let id = try await stage.made()
            await stage.discard(id)
            await stage.look(id)
            await stage.discard(id)
        },
        Scenario("a job that runs is not discarded") { stage in
            let id = try await stage.made()
            await stage.startJob(id)
            await stage.discard(id)
            await stage.look(id)
            await stage.stop(id)
            await stage.discard(id)
            await stage.look(id)
            await stage.remove(id)
            await stage.look(id)
        },
        Scenario("a job whose name another run has is refused") { stage in
            let id = try await stage.made()
            await stage.make(try await stage.jobOrder(run: "v1.2"))
            await stage.launch(try await stage.order("job"))
            await stage.look(id)
        },
        Scenario("a job whose name an instance has is refused") { stage in
            let id = try await stage.launched("job")
            await stage.make(try await stage.jobOrder())
            await stage.look(id)
        }
    ]
}

extension Stage {
    func jobOrder(
        _ short: String = "job", _ program: Program = .idle, run: String = "v1.1"
    ) throws -> JobOrder {
        var order = try order(short, program)
        order.labels.process = .releaseCommand
        let label: JobLabel = try #require(JobLabel(kind: .release, run: run, timeoutInSeconds: 60))
        order.labels.job = label
        return JobOrder(
            name: order.name, labels: order.labels,
            template: order.template.job(order.template.command ?? [], named: .releaseCommand))
    }

    @discardableResult
    func make(_ order: JobOrder) async -> ContainerID? {
        do throws(EngineError) {
            let id = try await engine.createJob(order, secrets: nil)
            note("make a job: \(letter(id))")
            return id
        } catch {
            note("make a job: \(words(error))")
            return nil
        }
    }

    func made(_ short: String = "job", _ program: Program = .idle) async throws -> ContainerID {
        try #require(await make(try jobOrder(short, program)))
    }

    func startJob(_ id: ContainerID) async {
        await result("start job", id) { engine throws(EngineError) in try await engine.startJob(id) }
    }
    func discard(_ id: ContainerID) async {
        await result("discard job", id) { engine throws(EngineError) in try await engine.discardJob(id) }
    }
}
