import Model
import SpecLoading
import Testing

/// Files that mean harm: refused with a sentence, and none of them ends the program.
@Suite struct HostileInputTests {
    private static func many(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    @Test(arguments: [
        ("flow lists", "too_deep", many("[", 100_000)),
        ("flow maps", "too_deep", many("{a: ", 100_000)),
        ("block lists", "too_deep", many("- ", 100_000) + "x"),
        ("flow in values", "too_deep", "name: shop\nenv: " + many("[", 100_000)),
        ("keys", "too_deep", many("? ", 100_000)),
        ("documents", "too_many_documents", many("--- a\n", 100_000)),
        ("values", "too_many_values", "name: shop\ndepends_on: [" + many("a, ", 100_000) + "]"),
        ("keys of one map", "too_many_values", "name: shop\nenv: {" + many("a: 1, ", 100_000) + "}"),
        ("size", "too_large", many("# comment\n", 110_000)),
        ("a scalar", "too_large", "name: shop\nimage: " + many("a", 70_000)),
        ("a folded scalar", "too_large", "name: shop\nimage: >\n" + many("  a b\n", 20_000)),
        ("a key", "too_large", "name: shop\n? " + many("a", 70_000) + "\n: b"),
        ("an unclosed quote", "syntax", "name: \"" + many("a", 500_000)),
        ("a control character", "syntax", "name: a\u{1}b"),
        ("a NUL", "syntax", "name: a\u{0}b"),
        ("a tag directive", "tag", "%TAG ! tag:example.com,2000:\n--- {name: shop}"),
        ("a bomb", "alias", "a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nname: shop"),
        ("an alias of itself", "alias", "name: shop\nenv: &a [*a]")
    ])
    func aHostileFileIsRefused(_ what: String, _ code: String, _ text: String) throws {
        let file = try load(text)
        #expect(!file.broken.isEmpty)
        #expect(file.diagnostics.contains { $0.code == code }, "\(file.diagnostics.prefix(3))")
        for diagnostic in file.diagnostics {
            #expect((diagnostic.excerpt ?? "").unicodeScalars.count <= 201)
            #expect(diagnostic.message.utf8.count < 1_000)
            #expect(diagnostic.keyPath.utf8.count < 1_000)
        }
    }

    @Test func aNameThatWasReadBeforeTheEndIsKept() throws {
        let file = try load("name: shop\nimage: [\n")
        #expect(file.broken.map(\.name?.rawValue) == ["shop"])
        #expect(file.broken.first?.diagnostics.count == 1)
    }

    @Test func goodDocumentsBeforeABrokenOneAreKept() throws {
        let file = try load("\(shop)---\nname: other\nimage: 'x\n")
        #expect(file.specs.map(\.spec.name.rawValue) == ["shop"])
        #expect(file.broken.count == 1)
        #expect(file.hasErrors)
    }

    @Test(
        arguments: [
            [0xFF, 0xFE, 0x61, 0x00], [0xFE, 0xFF, 0x00, 0x61], [0x61, 0xC3, 0x28], [0xED, 0xA0, 0x80],
            [0xC0, 0x80],
            [0xF8, 0x88, 0x80, 0x80, 0x80], [0x80], [0x61, 0x0A, 0x62, 0xC3]
        ] as [[UInt8]])
    func whatIsNotUTF8IsRefused(_ bytes: [UInt8]) throws {
        let loader = SpecLoader(project: try #require(ProjectName("default")))
        let file = loader.load(path: "a.yaml", bytes: bytes) { _ in [] }
        #expect(file.diagnostics.map(\.code) == ["not_utf8"])
        #expect(file.broken.map(\.name) == [nil])
    }

    @Test func findingsAreBounded() throws {
        let keys = (0..<5_000).map { "unknown\($0): 1\n" }.joined()
        let file = try load(shop + keys)
        #expect(file.diagnostics.count == 101)
        #expect(file.diagnostics.last?.code == "too_many_errors")
        #expect(file.diagnostics.last?.message.contains("4900") == true)
    }

    @Test func messagesCannotSpeakToATerminal() throws {
        let file = try load(shop + "\"\\e[31m\\u202Ered\\n\": 1\nrestart: \"\\e]0;title\\a\"\n")
        #expect(file.diagnostics.count == 2)
        for diagnostic in file.diagnostics {
            for text in [diagnostic.message, diagnostic.keyPath, diagnostic.excerpt ?? ""] {
                #expect(!text.unicodeScalars.contains { $0.value < 32 || $0.value == 0x202E })
            }
        }
    }

    @Test func numbersThatOverflowConcernTheirAppOnly() throws {
        let bad = """
            name: bad
            image: a:1
            replicas: 9223372036854775808
            port: -9223372036854775809
            stop_grace_period: 9223372036854775807h
            drain_timeout: 1e9h
            resources: {memory: 9223372036854775807T, cpus: 9223372036854775807}
            healthcheck: {command: [a], retries: 0x7fffffffffffffffff, interval: -5s, timeout: 00000000000000000001h}
            deploy: {max_surge: 9223372036854775808%, max_unavailable: 99999999999999999999, timeout: 9999999h}
            """
        let file = try load("\(bad)\n---\n\(shop)")
        #expect(file.specs.map(\.spec.name.rawValue) == ["shop"])
        #expect(file.broken.map(\.name?.rawValue) == ["bad"])
        #expect(file.diagnostics.count == 12, "\(file.diagnostics.map(\.message))")
    }

    @Test func filesAndBasesHaveBudgets() throws {
        let large = String(repeating: "a", count: (64 << 10) + 1)
        #expect(try findings(shop + "files: {/a: a}\n", files: ["a": large]) == ["unreadable_file 3:13"])
        #expect(try findings(shop + "env_files: [a]\n", files: ["a": large]) == ["unreadable_file 3:13"])
        let base = String(repeating: "# comment\n", count: 110_000)
        #expect(try findings("extends: a\nname: shop\n", files: ["a": base]) == ["unreadable_file 1:10"])
        let full = String(repeating: "a", count: 64 << 10)
        let files = (0..<9).map { "/f\($0): a" }.joined(separator: ", ")
        #expect(try findings(shop + "files: {\(files)}\n", files: ["a": full]) == ["too_large 3:8"])
    }

    /// A file that is cut anywhere, or has a byte changed, is judged and never ends the program.
    @Test func damagedFilesAreJudged() throws {
        let loader = SpecLoader(project: try #require(ProjectName("default")))
        var judged = 0
        for path in Corpus.files("good") + Corpus.files("bad") {
            let bytes = try Corpus.bytes(path)
            for length in bytes.indices {
                let file = loader.load(path: path, bytes: Array(bytes[..<length])) { try Corpus.bytes($0) }
                #expect(file.broken.allSatisfy { !$0.diagnostics.isEmpty })
                judged += 1
            }
            var state: UInt64 = 42
            for index in stride(from: 0, to: bytes.count, by: 3) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let hostile = Array("\u{0}\t\n:-{}[]\"'&*!%#|>~$\u{80}9".utf8)
                var changed = bytes
                changed[index] = hostile[Int(state >> 33) % hostile.count]
                _ = loader.load(path: path, bytes: changed) { try Corpus.bytes($0) }
                judged += 1
            }
        }
        #expect(judged > 10_000)
    }
}
