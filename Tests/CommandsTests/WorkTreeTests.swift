import Commands
import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// The commands that need no controller, on real files.
@Suite struct WorkTreeTests {
    private func run(
        _ files: [String: String], _ arguments: [String]
    ) async throws -> (code: Int32, output: String, errors: String) {
        var template = Array("/tmp/slipway-tree-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // A directory that stays behind in /tmp fails no test.
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for (path, content) in files {
            let parent = path.split(separator: "/").dropLast().reduce(directory) { $0 + "/" + $1 }
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            try Data(content.utf8).write(to: URL(filePath: directory + "/" + path))
        }
        try FileManager.default.createSymbolicLink(
            atPath: directory + "/linked.yaml", withDestinationPath: "/etc/passwd")
        let output = Mutex(""), errors = Mutex("")
        let console = Console(
            variables: ["LANG": "C.UTF-8"], isTerminal: false, directory: directory,
            write: { text in output.withLock { $0 += text } },
            complain: { text in errors.withLock { $0 += text } })
        let code = await runCommand(arguments: arguments, console: console)
        return (code, output.withLock { $0 }, errors.withLock { $0 })
    }

    private let good = [
        "apps/shop.yaml": "name: shop\nimage: registry.example.com/shop:1\nenv_files: [../shop.env]\n",
        "apps/mail.yml": "name: mail\nimage: registry.example.com/mail:1\n", "shop.env": "LEVEL=info\n",
        ".git/HEAD": "ref: refs/heads/main\n", ".hidden/bad.yaml": "][", "README.md": "no spec"
    ]

    @Test func goodSpecsAreValid() async throws {
        let all = try await run(good, ["validate"])
        #expect(all.code == 0, "\(all.output)\(all.errors)")
        #expect(all.output == "● 2 specs in 2 files, all valid\n")
        #expect(try await run(good, ["validate", "apps/mail.yml"]).output == "● 1 spec in 1 file, valid\n")
        #expect(try await run(good, ["validate", "-o", "json"]).output == "[\n\n]\n")
    }

    @Test func everyFindingIsShownWithItsPlace() async throws {
        var files = good
        files["apps/bad.yaml"] = "name: bad\nimage: x:1\nprot: 80\n"
        files["apps/twin.yaml"] = "name: shop\nimage: x:1\n"
        let result = try await run(files, ["validate", "."])
        #expect(result.code == 1)
        #expect(result.output.hasPrefix("✗ 2 errors in 4 files\n"), "\(result.output)")
        #expect(result.output.contains("apps/bad.yaml:3:1"))
        #expect(result.output.contains("| prot: 80\n    | ^\n"))
        #expect(result.output.contains("apps/twin.yaml:1:"))
    }

    @Test func renderPrintsTheNormalForm() async throws {
        let one = try await run(good, ["render", ".", "shop"])
        #expect(one.code == 0, "\(one.errors)")
        #expect(one.output.contains("name: shop\n") && one.output.contains("LEVEL: info\n"), "\(one.output)")
        #expect(!one.output.contains("mail"))
        #expect(try await run(good, ["render", "."]).output.contains("---\n"))
        let none = try await run(good, ["render", ".", "shpo"])
        #expect(none.code == 1)
        #expect(none.errors.contains("did you mean 'shop'?"))
        #expect(
            try await run(good, ["render", "apps", "mail", "-o", "json"]).output.contains(
                "\"name\" : \"mail\""))
    }

    @Test func whatCannotBeReadIsSaid() async throws {
        #expect(try await run(good, ["validate", "nowhere"]).code == 1)
        let link = try await run(good, ["validate", "linked.yaml"])
        #expect(link.code == 1)
        #expect(!link.output.contains("root:"))
        #expect(try await run(good, ["render"]).code == 64)
        #expect(try await run(good, ["validate", "--project", "NO"]).code == 64)
        #expect(try await run(good, ["validate", "-o", "markdown"]).code == 64)
    }

    @Test func helpAndVersionNeedNothing() async throws {
        #expect(try await run([:], ["version"]).output.hasPrefix("slipway "))
        #expect(try await run([:], ["help", "plan"]).output.contains("--repo PATH"))
        #expect(try await run([:], ["help", "plna"]).code == 64)
        #expect(try await run([:], ["completion", "tcsh"]).code == 64)
        #expect(try await run([:], []).code == 0)
    }
}
