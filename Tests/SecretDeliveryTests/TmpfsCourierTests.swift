import Age
import Crypto
import FoundationEssentials
import Model
import Ports
import SecretDelivery
import Secrets
import Testing

@Suite struct TmpfsCourierTests {
    let folder = "/dev/shm/slipway-test-\(UInt64.random(in: 0...UInt64.max))"
    let manager = FileManager.default

    private struct Setting {
        var keyring: SecretKeyring
        var courier: TmpfsCourier
        var address: SecretAddress
        var secrets: [SecretSpec]
    }

    private func withSetting(_ body: (Setting) throws -> Void) throws {
        defer { try? manager.removeItem(atPath: folder) }
        let keyring = SecretKeyring(
            fingerprintKey: SecretBytes(SecureRandom.bytes(32)), others: [AgeIdentity.make()])
        let app = try #require(AppName("shop"))
        let project = try #require(ProjectName("retail"))
        let address = SecretAddress(
            app: app, project: project,
            template: try #require(ContentDigest("sha256:" + String(repeating: "ab", count: 32))))
        var secrets: [SecretSpec] = []
        for (name, variable) in [("ONE", nil), ("TWO", "SECOND")] as [(String, String?)] {
            let value = SecretBytes(Array("value of \(name)\n".utf8))
            secrets.append(
                SecretSpec(
                    name: name, variable: variable,
                    fingerprint: keyring.fingerprint(value, name: name, app: app),
                    sealed: try keyring.seal(value, project: project)))
        }
        try body(
            Setting(
                keyring: keyring,
                courier: try TmpfsCourier(
                    directory: folder, installation: try #require(InstallationName("test")), keyring: keyring),
                address: address, secrets: secrets))
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try manager.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    @Test func filesHaveTheValuesAndOnlyRootGetsThere() throws {
        try withSetting { setting in
            let delivered = try setting.courier.deliver(setting.secrets, to: setting.address)
            #expect(delivered.directory == "\(folder)/test/shop/\(String(repeating: "ab", count: 32))")
            #expect(delivered.environment == ["SECOND": "value of TWO\n"])
            let content = manager.contents(atPath: "\(delivered.directory)/ONE").map {
                String(decoding: $0, as: UTF8.self)
            }
            #expect(content == "value of ONE\n")
            #expect(try mode("\(delivered.directory)/ONE") == 0o444)
            #expect(try mode(folder) == 0o700)
            #expect(try manager.contentsOfDirectory(atPath: delivered.directory).sorted() == ["ONE", "TWO"])
            for text in ["\(delivered)", String(reflecting: delivered)] {
                #expect(!text.contains("value of"))
            }
        }
    }

    @Test func whatIsThereStaysAndWhatIsMissingComesBack() throws {
        try withSetting { setting in
            let delivered = try setting.courier.deliver(setting.secrets, to: setting.address)
            let one = "\(delivered.directory)/ONE"
            let before = try manager.attributesOfItem(atPath: one)[.systemFileNumber] as? UInt64
            try manager.removeItem(atPath: "\(delivered.directory)/TWO")
            _ = try setting.courier.deliver(setting.secrets, to: setting.address)
            #expect(try manager.attributesOfItem(atPath: one)[.systemFileNumber] as? UInt64 == before)
            #expect(manager.fileExists(atPath: "\(delivered.directory)/TWO"))
        }
    }

    @Test func onlyWhatIsKeptStays() throws {
        try withSetting { setting in
            let delivered = try setting.courier.deliver(setting.secrets, to: setting.address)
            try setting.courier.sweep(keeping: [setting.address.app: [setting.address.template]])
            #expect(manager.fileExists(atPath: "\(delivered.directory)/ONE"))
            try setting.courier.sweep(keeping: [:])
            #expect(!manager.fileExists(atPath: "\(folder)/test/shop"))
        }
    }

    @Test func aValueOfAnotherReleaseOrKeyIsRefusedWithoutBeingShown() throws {
        try withSetting { setting in
            var swapped = setting.secrets
            swapped[0].sealed = setting.secrets[1].sealed
            let first = #expect(throws: EngineError.self) {
                try setting.courier.deliver(swapped, to: setting.address)
            }
            #expect(first?.message.contains("secret ONE of shop is not the value") == true)
            #expect(first?.message.contains("value of TWO") == false)
            #expect(first?.fault == .world)
            let other = try TmpfsCourier(
                directory: folder, installation: try #require(InstallationName("other")),
                keyring: SecretKeyring(
                    fingerprintKey: SecretBytes(SecureRandom.bytes(32)), others: [AgeIdentity.make()]))
            let second = #expect(throws: EngineError.self) {
                try other.deliver(setting.secrets, to: setting.address)
            }
            #expect(second?.message.contains("put the former identity of project retail back") == true)
        }
    }

    @Test func aFolderOnADiskAndALinkAreRefused() throws {
        let installation = try #require(InstallationName("test"))
        let keyring = SecretKeyring(fingerprintKey: SecretBytes(SecureRandom.bytes(32)))
        let disk = "/var/tmp/slipway-test-\(UInt64.random(in: 0...UInt64.max))"
        defer { try? manager.removeItem(atPath: disk) }
        let onDisk = #expect(throws: SecretError.self) {
            try TmpfsCourier(directory: disk, installation: installation, keyring: keyring)
        }
        #expect(onDisk?.message.contains("is on a disk") == true)
        defer { try? manager.removeItem(atPath: folder) }
        try manager.createSymbolicLink(atPath: folder, withDestinationPath: "/dev/shm")
        let link = #expect(throws: SecretError.self) {
            try TmpfsCourier(directory: folder, installation: installation, keyring: keyring)
        }
        #expect(link?.message.contains("is no folder of the controller's user") == true)
    }
}
