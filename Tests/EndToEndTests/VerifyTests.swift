import FoundationEssentials
import Model
import Testing

/// A controller that was told whose commits to deploy.
@Suite struct VerifyTests {
    @Test func onlyWhatIsSignedIsDeployed() async throws {
        let folder = "/tmp/slipway-verify-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await Shell.succeed(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder + "/anna"])
        let key = try String(contentsOfFile: folder + "/anna.pub", encoding: .utf8)
        try Data("anna@example.com namespaces=\"git\" \(key)".utf8).write(
            to: URL(filePath: folder + "/signers"))
        let options = World.Options(
            source: ["write: true", "verify: {ssh_signers: \(folder)/signers, require: commit}"])
        try await World.with(options) { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.start()
            let source = try await eventually("the unsigned head is refused") {
                let source = try await world.status().sources.first
                return source?.because.contains { $0.cause == .unverified } == true
                    ? .yes(source) : .notYet("\(source as Any)")
            }
            #expect(source?.because.first?.message.contains("is not signed") == true)
            #expect(try await world.containers().isEmpty)

            for (name, value) in [
                ("gpg.format", "ssh"), ("user.signingkey", folder + "/anna"), ("commit.gpgsign", "true")
            ] { try await world.repository.git("config", name, value) }
            let good = try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            let status = try await world.converged("shop", on: 1)
            #expect(status.running?.commit.id.rawValue == good)

            try await world.repository.git("config", "commit.gpgsign", "false")
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2").yaml(world)])
            try await eventually("the next unsigned head is refused") {
                let source = try await world.status().sources.first
                return source?.because.contains { $0.cause == .unverified } == true
                    ? .yes(()) : .notYet("\(source as Any)")
            }
            try await always("what runs stays", for: .seconds(2)) {
                let now = try await world.status(of: "shop")
                return now?.running?.commit.id.rawValue == good ? nil : "\(now as Any)"
            }
        }
        try FileManager.default.removeItem(atPath: folder)
    }
}
