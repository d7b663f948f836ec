import Age
import Commands
import Crypto
import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// `slipway secrets`, on real files in a folder of its own.
@Suite struct SecretsCommandTests {
    final class Place: Sendable {
        let directory: String
        /// What is typed next.
        let typed = Mutex<[UInt8]?>(nil)
        /// What the editor does with the text.
        let editor = Mutex<@Sendable (String) -> String?>({ $0 })
        let seen = Mutex("")

        init() throws {
            var template = Array("/tmp/slipway-secrets-XXXXXX".utf8CString)
            try #require(unsafe mkdtemp(&template) != nil)
            directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            try FileManager.default.createDirectory(
                atPath: directory + "/.git", withIntermediateDirectories: true)
        }
        deinit { try? FileManager.default.removeItem(atPath: directory) }

        func write(_ path: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(path)"))
        }
        func read(_ path: String) throws -> String {
            String(decoding: try Data(contentsOf: URL(filePath: "\(directory)/\(path)")), as: UTF8.self)
        }
        func run(_ arguments: String...) async -> (code: Int32, output: String, errors: String) {
            let output = Mutex(""), errors = Mutex("")
            var console = Console(
                variables: ["LANG": "C.UTF-8", "SLIPWAY_IDENTITY": "key.txt"], isTerminal: false,
                directory: directory,
                write: { text in output.withLock { $0 += text } },
                complain: { text in errors.withLock { $0 += text } })
            console.terminal = Terminal(
                ask: { [self] _, limit in typed.withLock { $0 }.flatMap { $0.count > limit ? nil : $0 } },
                edit: { [self] _, path in
                    guard let data = FileManager.default.contents(atPath: path) else { return 1 }
                    let text = String(decoding: data, as: UTF8.self)
                    seen.withLock { $0 = path }
                    guard let new = editor.withLock({ $0(text) }) else { return 1 }
                    return FileManager.default.createFile(atPath: path, contents: Data(new.utf8)) ? 0 : 1
                })
            let code = await runCommand(arguments: ["secrets"] + arguments, console: console)
            return (code, output.withLock { $0 }, errors.withLock { $0 })
        }
        func open(_ path: String, _ name: String, key: String = "key.txt") throws -> String {
            let lines = try read(path).split(separator: "\n").map(String.init)
            let start = try #require(lines.firstIndex { $0 == "\(name): |" })
            let armored = lines[(start + 1)...].prefix { $0.hasPrefix("  ") }.map { $0.dropFirst(2) + "\n" }
                .joined()
            let identities = try AgeIdentityFile.read(Array(try read(key).utf8))
            return try AgeFile.decrypt(Array(armored.utf8), with: identities).withBytes {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }

    private func place(withKey: Bool = true) async throws -> (Place, String) {
        let place = try Place()
        try place.write("shop.yaml", "name: shop\nimage: a:1\nsecrets: [A, B]\n")
        let made = await place.run("keygen", "key.txt")
        #expect(made.code == 0, "\(made.errors)")
        return (place, made.output.trimmingSuffix())
    }

    @Test func aKeyIsMadeOnceAndForItsOwnerAlone() async throws {
        let (place, recipient) = try await place()
        #expect(recipient.hasPrefix("age1"))
        let mode =
            try FileManager.default.attributesOfItem(atPath: "\(place.directory)/key.txt")[.posixPermissions]
            as? Int
        #expect(mode == 0o600)
        let identity = try #require(try AgeIdentityFile.read(Array(try place.read("key.txt").utf8)).first)
        #expect("\(identity.recipient)" == recipient)
        let before = try place.read("key.txt")
        let again = await place.run("keygen", "key.txt")
        #expect(again.code == 1 && again.errors.contains("never written over"))
        #expect(try place.read("key.txt") == before)
    }

    @Test func aValueIsEncryptedAndNeverShown() async throws {
        let (place, recipient) = try await place()
        place.typed.withLock { $0 = Array("sentinel\n".utf8) }
        let none = await place.run("encrypt", "A", "--app", "shop")
        #expect(none.code == 64 && none.errors.contains("names no recipient"))
        let done = await place.run("encrypt", "A", "--app", "shop", "--to", recipient, "-o", "json")
        #expect(done.code == 0, "\(done.errors)")
        #expect(!done.output.contains("sentinel") && !done.errors.contains("sentinel"))
        let text = try place.read("shop.secrets.yaml")
        #expect(text.hasPrefix("# recipient: \(recipient)\nA: |\n  -----BEGIN AGE ENCRYPTED FILE-----\n"))
        #expect(try place.open("shop.secrets.yaml", "A") == "sentinel")
        // The file says for whom, from now on; other values keep their lines.
        let block = text.split(separator: "\n").dropFirst()
        #expect(await place.run("encrypt", "B", "--app", "shop", "--exact").code == 0)
        let both = try place.read("shop.secrets.yaml").split(separator: "\n").dropFirst()
        #expect(both.starts(with: block))
        #expect(try place.open("shop.secrets.yaml", "B") == "sentinel\n")
        place.typed.withLock { $0 = [UInt8](repeating: 65, count: 50_000) }
        #expect(await place.run("encrypt", "B", "--app", "shop").code == 1)
        #expect(
            await place.run("encrypt", "B", "--app", "other").errors.contains("no spec below this directory"))
        #expect(await place.run("encrypt", "1B", "--app", "shop").code == 64)
        // Half of a file for others would make its comments a lie.
        place.typed.withLock { $0 = Array("x".utf8) }
        let other = await place.run(
            "encrypt", "C", "--app", "shop", "--to", "\(AgeIdentity.make().recipient)")
        #expect(other.code == 64 && other.errors.contains("slipway secrets rotate shop.secrets.yaml"))
    }

    @Test func onlyWhatWasEditedIsEncryptedAnew() async throws {
        let (place, recipient) = try await place()
        for (name, value) in [("A", "one"), ("B", "two\nlines\n"), ("C", "'three': #3 ")] {
            place.typed.withLock { $0 = Array(value.utf8) }
            #expect(
                await place.run("encrypt", name, "--file", "s.yaml", "--to", recipient, "--exact").code == 0)
        }
        try place.write("s.yaml", try place.read("s.yaml").replacing("B: |", with: "# the second\nB: |"))
        let before = try place.read("s.yaml")
        #expect(await place.run("edit", "s.yaml").output == "s.yaml: nothing changed\n")
        #expect(try place.read("s.yaml") == before)
        let path = place.seen.withLock { $0 }
        #expect(path.hasPrefix("/dev/shm/") && !FileManager.default.fileExists(atPath: path))

        place.editor.withLock { $0 = { $0.replacing("A: one", with: "A: changed") + "D: four\n" } }
        let changed = await place.run("edit", "s.yaml")
        #expect(changed.code == 0, "\(changed.errors)")
        #expect(try place.open("s.yaml", "A") == "changed")
        #expect(try place.open("s.yaml", "B") == "two\nlines\n")
        #expect(try place.open("s.yaml", "C") == "'three': #3 ")
        #expect(try place.open("s.yaml", "D") == "four")
        func block(_ text: String) -> Substring? {
            text.firstRange(of: "# the second").map { text[$0.lowerBound...].prefix(300) }
        }
        #expect(try block(place.read("s.yaml")) == block(before), "what was not changed has other lines")

        place.editor.withLock { $0 = { _ in "A: [" } }
        let broken = await place.run("edit", "s.yaml")
        #expect(broken.code == 1 && broken.errors.contains("nothing is changed"))
        place.editor.withLock { $0 = { _ in "A: changed\n" } }
        #expect(await place.run("edit", "s.yaml").code == 0)
        #expect(try !place.read("s.yaml").contains("B: |"))
    }

    @Test func aRotationGivesEveryValueToTheNewKeys() async throws {
        let (place, recipient) = try await place()
        for file in ["shop.secrets.yaml", "mail.secrets.yaml"] {
            place.typed.withLock { $0 = Array("value of \(file)".utf8) }
            #expect(await place.run("encrypt", "A", "--file", file, "--to", recipient).code == 0)
        }
        let new = await place.run("keygen", "new.txt").output.trimmingSuffix()
        let done = await place.run("rotate", "--to", new)
        #expect(done.code == 0, "\(done.errors)")
        for file in ["shop.secrets.yaml", "mail.secrets.yaml"] {
            #expect(try place.open(file, "A", key: "new.txt") == "value of \(file)")
            #expect(throws: AgeError.self) { try place.open(file, "A") }
            #expect(try place.read(file).hasPrefix("# recipient: \(new)\nA: |"))
        }
        // Without the key nothing is written.
        let before = try place.read("shop.secrets.yaml")
        let refused = await place.run("rotate", "--to", recipient)
        #expect(refused.code == 1 && refused.errors.contains("mail.secrets.yaml:2:1"))
        #expect(try place.read("shop.secrets.yaml") == before)
        #expect(unsafe chmod("\(place.directory)/key.txt", 0o644) == 0)
        #expect(await place.run("rotate", "--to", recipient).errors.contains("chmod 600"))
    }

    @Test func theListNamesWhatIsMissingAndUnused() async throws {
        let (place, recipient) = try await place()
        place.typed.withLock { $0 = Array("x".utf8) }
        for name in ["A", "OLD"] {
            #expect(
                await place.run("encrypt", name, "--file", "shop.secrets.yaml", "--to", recipient).code == 0)
        }
        let list = await place.run("list")
        #expect(list.code == 1)
        #expect(
            list.output == """
                shop.secrets.yaml  \(recipient)
                  ● A  shop
                  ◌ OLD  wanted by no app
                ✗ B of shop is missing: slipway secrets encrypt B --app shop

                """)
        let json = await place.run("list", "-o", "json").output
        #expect(json.contains("\"unused\"") && json.contains("\"OLD\"") && json.contains("\"missing\""))
        #expect(await place.run("encrypt", "B", "--app", "shop").code == 0)
        #expect(await place.run("list").code == 0)
        #expect(await place.run("lost").errors.contains("is not an action of secrets"))
    }
}

extension String {
    fileprivate func trimmingSuffix() -> String { String(prefix { !$0.isNewline }) }
}
