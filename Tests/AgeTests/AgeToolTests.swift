import Age
import Crypto
import Execution
import FoundationEssentials
import Testing

/// Debian's `age` reads what we write, and we what it writes.
@Suite struct AgeToolTests {
    /// The largest has more chunks than one byte can count.
    static let cases =
        [0, 1, 15, 65_535, 65_536, 65_537, 131_072].flatMap { [($0, false), ($0, true)] } + [
            ((16 << 20) + 3, false)
        ]

    @Test(arguments: cases) func weReadWhatItWrites(_ size: Int, isArmored: Bool) async throws {
        try await Folder.with { folder in
            let identity = AgeIdentity.make()
            let content =
                SecureRandom.bytes(min(size, 65_536)) + [UInt8](repeating: 7, count: max(0, size - 65_536))
            try folder.write("plain", content)
            try await folder.run(
                ["age", "-e"] + (isArmored ? ["-a"] : []) + [
                    "-r", AgeIdentity.make().recipient.description, "-r", identity.recipient.description,
                    "-o",
                    folder.path("sealed"), folder.path("plain")
                ])
            let opened = try AgeFile.decrypt(try folder.read("sealed"), with: [AgeIdentity.make(), identity])
            opened.withBytes { #expect($0 == content) }
        }
    }

    @Test(arguments: cases) func itReadsWhatWeWrite(_ size: Int, isArmored: Bool) async throws {
        try await Folder.with { folder in
            let identity = AgeIdentity.make()
            let content =
                SecureRandom.bytes(min(size, 65_536)) + [UInt8](repeating: 7, count: max(0, size - 65_536))
            let file = try AgeFile.encrypt(content, to: [AgeIdentity.make().recipient, identity.recipient])
            try folder.write("sealed", isArmored ? Array(AgeArmor.encode(file).utf8) : file)
            try folder.write("key", identity.secretText().withBytes { $0 + [10] })
            try await folder.run(
                ["age", "-d", "-i", folder.path("key"), "-o", folder.path("plain"), folder.path("sealed")])
            // It makes no file for nothing.
            let opened = content.isEmpty ? [] : try folder.read("plain")
            #expect(opened == content)
        }
    }

    @Test func keysAreTheSame() async throws {
        try await Folder.with { folder in
            try await folder.run(["age-keygen", "-o", folder.path("key")])
            let identity = try #require(try AgeIdentityFile.read(try folder.read("key")).first)
            let shown = try await folder.run(["age-keygen", "-y", folder.path("key")])
            #expect(shown == "\(identity.recipient)\n")
            #expect(try AgeRecipient("\(identity.recipient)") == identity.recipient)
        }
    }

    @Test func aPassphraseIsRefusedAsSuch() async throws {
        let header = """
            age-encryption.org/v1
            -> scrypt rF0/NwblUHHTpgQgRpe5CQ 10
            gUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUY
            --- IPQbB4zyMAJcTGrnXzNVHuJSSuNGvoAjiI+ZtfIIKQY

            """
        let failure = #expect(throws: AgeError.self) { try AgeFile.decrypt(Array(header.utf8), with: []) }
        #expect(failure?.code == .unsupported)
    }

    struct Folder {
        let root: String
        static func with(_ body: (Folder) async throws -> Void) async throws {
            let root =
                "\(FileManager.default.temporaryDirectory.path)/slipway-age-\(UInt64.random(in: 0...UInt64.max))"
            try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
            do {
                try await body(Folder(root: root))
            } catch {
                try? FileManager.default.removeItem(atPath: root)
                throw error
            }
            try FileManager.default.removeItem(atPath: root)
        }
        func path(_ name: String) -> String { "\(root)/\(name)" }
        func write(_ name: String, _ bytes: [UInt8]) throws {
            try Data(bytes).write(to: URL(filePath: path(name)))
        }
        func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path(name)))) }
        @discardableResult func run(_ words: [String]) async throws -> String {
            let result = try await Tool.run(words)
            try #require(result.code == 0, "\(words.joined(separator: " ")): \(result.output)")
            return result.output
        }
    }
}
