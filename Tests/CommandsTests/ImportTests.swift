import Commands
import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// `slipway import` on real files.
@Suite struct ImportTests {
    private func inDirectory<Value>(
        _ files: [String: String],
        _ body: (String, ([String]) async -> (code: Int32, output: String, errors: String)) async throws ->
            Value
    ) async throws -> Value {
        var template = Array("/tmp/slipway-import-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // A directory that stays behind in /tmp fails no test.
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for (path, content) in files {
            let parent = path.split(separator: "/").dropLast().reduce(directory) { $0 + "/" + $1 }
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            try Data(content.utf8).write(to: URL(filePath: directory + "/" + path))
        }
        return try await body(directory) { arguments in
            let output = Mutex(""), errors = Mutex("")
            let console = Console(
                variables: ["LANG": "C.UTF-8"], isTerminal: false, directory: directory,
                write: { text in output.withLock { $0 += text } },
                complain: { text in errors.withLock { $0 += text } })
            let code = await runCommand(arguments: arguments, console: console)
            return (code, output.withLock { $0 }, errors.withLock { $0 })
        }
    }

    private let compose = [
        "compose.yaml":
            "services:\n  web:\n    image: registry.example.com/web:1\n    volumes: [\"./web.conf:/etc/web.conf\"]\n",
        "web.conf": "workers 4\n"
    ]

    @Test func withoutADirectoryNothingIsWritten() async throws {
        try await inDirectory(compose) { directory, run in
            let result = await run(["import", "compose", "compose.yaml"])
            #expect(result.code == 0, "\(result)")
            #expect(result.output.hasPrefix("● 1 spec, and nothing is left to do\n  not written: web.yaml\n"))
            #expect(result.output.contains("compose.yaml:4:15: warning"))
            #expect(!FileManager.default.fileExists(atPath: directory + "/web.yaml"))
            let printed = await run(["import", "compose", "compose.yaml", "-o", "yaml"])
            #expect(printed.output.contains("\nname: web\nimage: registry.example.com/web:1\n"))
            #expect(printed.errors.hasPrefix("● 1 spec"))
            let data = await run(["import", "compose", "compose.yaml", "-o", "json"])
            #expect(data.output.contains("\"code\""))
        }
    }

    @Test func whatIsWrittenIsValidAndNeverWrittenOver() async throws {
        try await inDirectory(compose) { directory, run in
            #expect(await run(["import", "compose", "compose.yaml", "--to", "apps"]).code == 0)
            let valid = await run(["validate", "apps"])
            #expect(valid.output == "● 1 spec in 1 file, valid\n", "\(valid)")
            let copied = FileManager.default.contents(atPath: directory + "/apps/web/web.conf")
            #expect(copied == Data("workers 4\n".utf8))
            let again = await run(["import", "compose", "compose.yaml", "--to", "apps"])
            #expect(again.code == 1)
            #expect(
                again.errors.contains("apps/web.yaml is there already; nothing was written"),
                "\(again.errors)")
            #expect(await run(["import", "compose", "compose.yaml", "--to", "apps", "--force"]).code == 0)
        }
    }

    @Test func filesOutsideOfTheDirectoryAreNotRead() async throws {
        let text =
            "services:\n  web:\n    image: x:1\n    volumes: [\"../../../etc/hostname:/etc/x\"]\n    env_file: /etc/os-release\n"
        try await inDirectory(["deep/compose.yaml": text]) { _, run in
            let result = await run(["import", "compose", "deep/compose.yaml", "-o", "yaml"])
            #expect(result.code == 2)
            #expect(result.errors.contains("[bind_mount]"))
            #expect(result.errors.contains("[env_file]"))
            #expect(!result.output.contains("files:") && !result.output.contains("NAME"))
        }
    }

    @Test func wrongUseIsSaid() async throws {
        try await inDirectory(compose) { _, run in
            #expect(await run(["import", "helm", "."]).code == 64)
            let missing = await run(["import", "compose", "gone.yaml"])
            #expect(missing.code == 1 && missing.errors.contains("gone.yaml"))
            let other = await run(["import", "kamal", "compose.yaml"])
            #expect(other.code == 1 && other.errors.contains("no key `service`"))
        }
    }
}
