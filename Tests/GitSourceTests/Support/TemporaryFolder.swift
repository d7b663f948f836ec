internal import Execution
internal import FoundationEssentials
internal import Glibc

/// A folder that goes with its owner.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/slipway-git-XXXXXX".utf8CString)
        guard let made = unsafe mkdtemp(&template) else { throw FixtureError("mkdtemp failed with \(errno)") }
        path = unsafe String(cString: made)
    }

    deinit {
        // A left-over folder in /tmp fails no test.
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ name: String, _ content: String) throws -> String {
        let file = path + "/" + name
        try Data(content.utf8).write(to: URL(filePath: file))
        return file
    }

    /// Another process writes it: a file that this one had open while some test started a program could not
    /// be run.
    func writeProgram(_ name: String, _ content: String) throws -> String {
        let file = path + "/" + name
        let output = try Subprocess.run(
            ["/bin/sh", "-c", "cat > \"$0\" && chmod 700 \"$0\"", file],
            environment: ["PATH": "/usr/bin:/bin"],
            input: Array(content.utf8), timeout: .seconds(60))
        guard output.exitCode == 0 else { throw FixtureError("cannot write \(file)") }
        return file
    }
}

struct FixtureError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
