import Age
import Controller
import Crypto
import Model
import Ports
import Secrets
import Simulation
import Synchronization
import Testing

/// What a controller is given to open secrets and bring them to containers.
struct SecretParts: Sendable {
    var keyring: SecretKeyring
    var courier: RecordingCourier
}

/// Remembers what it was asked for, and refuses while it is told to.
final class RecordingCourier: SecretCourier {
    struct State {
        var delivered: [SecretAddress] = []
        var restored: Set<SecretAddress> = []
        var kept: [AppName: Set<ContentDigest>] = [:]
        var sweeps = 0
        var refusal: String?
    }
    let state = Mutex(State())
    private let keyring: SecretKeyring
    init(_ keyring: SecretKeyring) { self.keyring = keyring }

    func deliver(_ secrets: [SecretSpec], to address: SecretAddress) throws(EngineError) -> DeliveredSecrets {
        let refusal = state.withLock { state in
            if state.refusal == nil { state.delivered.append(address) }
            return state.refusal
        }
        if let refusal { throw EngineError(.unauthorized, refusal, call: "secrets") }
        return DeliveredSecrets(directory: "/run/\(address.relativePath)", environment: [:])
    }
    func restore(_ secrets: [SecretSpec], to address: SecretAddress) throws(EngineError) {
        state.withLock { _ = $0.restored.insert(address) }
    }
    func sweep(keeping: [AppName: Set<ContentDigest>]) throws(EngineError) {
        state.withLock { state in
            state.kept = keeping
            state.sweeps += 1
        }
    }
    func texts(of secrets: [SecretSpec], app: AppName, project: ProjectName) -> [String] {
        secrets.compactMap { secret in
            (try? keyring.open(secret, app: app, project: project))?
                .withBytes { String(decoding: $0, as: UTF8.self) }
        }
    }
}

/// The controller's side of secrets, against simulated parts.
@Suite struct SecretTests {
    private let identity = AgeIdentity.make()
    private let parts: SecretParts
    private let shop = AppName("shop").required

    init() {
        let keyring = SecretKeyring(
            fingerprintKey: SecretBytes(SecureRandom.bytes(32)), others: [identity])
        parts = SecretParts(keyring: keyring, courier: RecordingCourier(keyring))
    }

    private func files(_ value: String, image: String = "shop:1") throws -> [String: String] {
        let armored = AgeArmor.encode(try AgeFile.encrypt(Array(value.utf8), to: [identity.recipient]))
        let block = armored.split(separator: "\n").map { "  \($0)\n" }.joined()
        return [
            "shop.yaml": Workbench.spec("shop", image: image, replicas: 1, more: "secrets: [PASSWORD]"),
            "shop.secrets.yaml": "PASSWORD: |\n\(block)"
        ]
    }

    private var kept: Set<ContentDigest> { parts.courier.state.withLock { $0.kept[shop] ?? [] } }

    @Test func valuesAreThereBeforeTheContainerAndGoWithTheLastOne() async throws {
        let bench = try await Workbench(secrets: parts)
        bench.repository.commit(try files("one"))
        await bench.waitForVerdict(.converged)
        let old = try #require(bench.engine.instances.first).labels.template
        #expect(parts.courier.state.withLock { $0.delivered.map(\.template) } == [old])
        let sweeps = parts.courier.state.withLock { $0.sweeps }
        await bench.wait("a listing") { _ in parts.courier.state.withLock { $0.sweeps > sweeps } }
        #expect(kept == [old])
        #expect(parts.courier.state.withLock { $0.restored.map(\.template) } == [old])

        bench.repository.commit(try files("two"))
        await bench.waitForVerdict(.converged, release: 2)
        let new = try #require(bench.engine.instances.first).labels.template
        #expect(new != old)
        await bench.wait("the old one is let go") { _ in kept == [new] }
        await bench.stop()
    }

    @Test func theSameValueEncryptedAnewDoesNothing() async throws {
        let bench = try await Workbench(secrets: parts)
        bench.repository.commit(try files("one"))
        await bench.waitForVerdict(.converged)
        let calls = bench.engine.mutatingCalls
        bench.repository.commit(try files("one"))
        await bench.pass(.seconds(90))
        #expect(bench.engine.mutatingCalls == calls)
        #expect(bench.engine.instances.map(\.labels.release.value) == [1])
        await bench.stop()
    }

    /// What cannot be delivered is waited for, and is not the release's fault.
    @Test func whatCannotBeDeliveredIsWaitedFor() async throws {
        let bench = try await Workbench(secrets: parts)
        bench.repository.commit(try files("one"))
        await bench.waitForVerdict(.converged)
        parts.courier.state.withLock { $0.refusal = "the key is missing" }
        bench.repository.commit(try files("two"))
        await bench.wait("it says so") { status in
            status.apps.first?.because.contains { $0.message.contains("the key is missing") } == true
        }
        #expect(bench.engine.instances.map(\.labels.release.value) == [1])
        parts.courier.state.withLock { $0.refusal = nil }
        await bench.waitForVerdict(.converged, release: 2)
        await bench.stop()
    }

    /// SEC-06: an app that prints what it was given before it dies.
    @Test func whatAnAppSaysIsKeptWithoutTheValue() async throws {
        let bench = try await Workbench(secrets: parts)
        bench.repository.commit(try files("one-of-them"))
        await bench.waitForVerdict(.converged)
        bench.engine.setBehavior(.crashes(code: 3), forImagesContaining: "shop:2")
        bench.engine.setLog(
            [EngineLogLine(isError: true, text: "no login with sentinel-7 at db")],
            forImagesContaining: "shop:2")
        bench.repository.commit(try files("sentinel-7", image: "shop:2"))
        await bench.waitForVerdict(.rolledBack, release: 1)
        let history = try await bench.controller.history(app: nil, limit: 10)
        #expect(history[0].evidence.contains { $0.contains("no login with *** at db") }, "\(history[0])")
        let status = await bench.controller.status()
        #expect(!"\(history)\(status)".contains("sentinel"))
        await bench.stop()
    }

    @Test func aControllerWithoutAKeySaysSo() async throws {
        let keyring = SecretKeyring(fingerprintKey: SecretBytes(SecureRandom.bytes(32)))
        let bench = try await Workbench(
            secrets: SecretParts(keyring: keyring, courier: RecordingCourier(keyring)))
        bench.repository.commit(try files("one"))
        await bench.waitForVerdict(.invalid)
        let status = await bench.controller.status()
        let message = status.apps.first?.because.first?.message ?? ""
        #expect(message.contains("no key for secrets of project retail"), "\(message)")
        #expect(bench.engine.instances.isEmpty)
        await bench.stop()
    }
}
