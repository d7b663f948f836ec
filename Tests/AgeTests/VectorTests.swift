import Age
import Crypto
import FoundationEssentials
import Testing

/// The vectors of the age project: what must open, what must not, and why not.
@Suite struct VectorTests {
    struct Vector: Sendable, CustomStringConvertible {
        var name: String
        var expectation = ""
        var payload: String?
        var identities: [String] = []
        var file: [UInt8] = []
        var description: String { name }

        init(_ name: String) throws {
            self.name = name
            let data = try #require(FileManager.default.contents(atPath: "\(Self.folder)/\(name)"))
            var rest = Array(data)[...]
            while let end = rest.firstIndex(of: 10) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                rest = rest[(end + 1)...]
                if line.isEmpty { break }
                let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
                let value = String(try #require(parts.last).dropFirst())
                switch parts[0] {
                case "expect": expectation = value
                case "payload": payload = value
                case "identity": identities.append(value)
                default: break
                }
            }
            file = Array(rest)
        }

        static let folder =
            #filePath.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/Vectors"
        static let names =
            ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
                $0 != "README.md"
            }.sorted()
    }

    @Test func areAllThere() { #expect(Vector.names.count == 78) }

    @Test(arguments: Vector.names) func opensAsExpected(_ name: String) throws {
        let vector = try Vector(name)
        // A name that is not used is as good as any other.
        let identities = try vector.identities.map { try AgeIdentity($0) }
        do throws(AgeError) {
            let opened = try AgeFile.decrypt(vector.file, with: identities)
            #expect(vector.expectation == "success")
            opened.withBytes { #expect(Hex.encode(ContentHash.sha256Bytes($0)) == vector.payload) }
        } catch {
            let codes: [String: AgeError.Code] = [
                "no match": .noMatch, "HMAC failure": .headerChanged, "header failure": .header,
                "payload failure": .payload, "armor failure": .armor
            ]
            // What does not begin as armor is not taken for any, and an empty one holds no header.
            let isEitherForm = vector.name.hasPrefix("armor_") && [.armor, .header].contains(error.code)
            #expect(
                codes[vector.expectation] == error.code || isEitherForm,
                "\(vector.expectation): \(error.message)")
        }
    }
}
