import Model
import Ports
import Simulation
import Testing

/// The simulated engine, told by its images what programs do.
final class SimulatedSubject: Subject {
    let fake: FakeEngine
    var engine: any Engine { fake }
    let installation: InstallationName
    let prefix = "simulated"

    init() throws {
        installation = try #require(InstallationName(prefix))
        fake = FakeEngine(installation: installation)
        for code in [0, 3] {
            fake.setBehavior(.crashes(code: code), forImagesContaining: Self.image(.exits(code)))
        }
        fake.setBehavior(.refusesToStart, forImagesContaining: Self.image(.missing))
        fake.setStopCode(137, forImagesContaining: Self.image(.stubborn))
        fake.setLog(
            [EngineLogLine(isError: false, text: "out"), EngineLogLine(isError: true, text: "err")],
            forImagesContaining: Self.image(.idle))
        fake.setPrepareFailure(.notFound, forImagesContaining: "unknown")
        fake.setPrepareFailure(.registryUnavailable, forImagesContaining: "down")
        setCommands()
    }

    private func setCommands() {
        fake.setResult(
            .success(CommandResult(exitCode: 4, output: "no\n")),
            ofCommand: ["/bin/sh", "-c", "echo no; exit 4"])
        fake.setResult(
            .failure(EngineError(.startFailed, "no such command", call: "simulated")),
            ofCommand: ["/bin/no-such-program"])
        fake.setResult(
            .failure(EngineError(.timeout, "the command did not end", call: "simulated")),
            ofCommand: ["/bin/sleep", "5"])
    }

    private static func image(_ program: Program) -> String {
        switch program {
        case .idle: "idle:1"
        case .stubborn: "stubborn:1"
        case .exits(let code): "exits-\(code):1"
        case .missing: "missing:1"
        }
    }

    func content(of program: Program) -> (image: String, command: [String]?) { (Self.image(program), nil) }

    func reference(to kind: ImageKind) -> String {
        let digest = "sha256:" + String(repeating: "0", count: 64)
        return switch kind {
        case .known: "registry.example.com/app:1"
        case .unknownTag: "registry.example.com/app:unknown-tag"
        case .unknownRepository: "registry.example.com/unknown-repository:1"
        case .registryDown: "down.example.com/app:1"
        case .byDigest: "registry.example.com/app@\(digest)"
        case .unknownDigest: "registry.example.com/unknown@\(digest)"
        case .malformed: "Not A Reference"
        }
    }

    // MARK: By hand

    private func name(_ id: ContainerID) -> String { fake.instance(id)?.name ?? names[id] ?? "" }
    /// The names of what is not the installation's.
    private var names: [ContainerID: String] {
        ["stranger", "web", "copy"].reduce(into: [:]) { names, short in
            if let id = ContainerID("foreign-\(prefix)-\(short)") { names[id] = "\(prefix)-\(short)" }
        }
    }

    func byHand(_ deed: Deed, _ id: ContainerID) {
        let name = name(id)
        switch deed {
        case .end(let code): if fake.die(name, code: code) { fake.finishRestart(name) }
        case .outgrow: if fake.die(name, code: 137, outOfMemory: true) { fake.finishRestart(name) }
        case .pause: fake.tamper(name) { $0.state = .paused }
        case .stop: fake.stopByHand(name)
        case .remove: fake.removeByHand(name)
        case .rename(let other): fake.tamper(name) { $0.name = other }
        case .setMemory(let bytes): fake.tamper(name) { $0.effective.memoryInBytes = bytes }
        case .setPolicy(let policy): fake.tamper(name) { $0.effective.restart = policy }
        case .connect(let network): fake.tamper(name) { $0.effective.networks.append(network) }
        case .disconnect(let network): fake.tamper(name) { $0.effective.networks.removeAll { $0 == network } }
        }
    }

    func makeForeign(_ name: String, copiesLabel: Bool) async throws -> ContainerID {
        let id = try #require(ContainerID("foreign-\(name)"))
        fake.plantStranger(name, like: try await sample(id, name), copiesLabel: copiesLabel)
        return id
    }

    private func sample(_ id: ContainerID, _ name: String) async throws -> ObservedInstance {
        let order = try await Stage(self).order()
        return ObservedInstance(
            id: id, name: name, labels: order.labels, state: .running, startStamp: "", restartCount: 0,
            address: nil,
            effective: EffectiveSettings(nanoCPUs: nil, memoryInBytes: nil, restart: .never, networks: []),
            image: order.template.image)
    }

    func makeImage(_ short: String) -> String { "registry.example.com/\(short):1" }
    func removeImage(_ image: ResolvedImage) throws {
        try #require(fake.pruneImages().contains(image.pinned))
    }
    func makeForeignNetwork(_ name: String) { fake.plantForeignNetwork(name) }
    func exists(_ id: ContainerID) -> Bool { fake.hasContainer(id) }

    func settle(_ id: ContainerID) {}
    func makeMarker() async throws -> ContainerID {
        try await makeForeign(Stage.markerName(prefix), copiesLabel: true)
    }
    func touchMarker() { fake.tamper(Stage.markerName(prefix)) { _ in } }
    func cleanUp() {}
}
