import Execution
import Glibc

/// What all measures share: where programs are, and threads for blocking calls.
struct Bench: Sendable {
    let engineSocket: String
    /// The folder of this program, and of those that it measures.
    let programs: String
    let pool = BlockingPool(name: "bench", threads: 4)

    init(engineSocket: String) throws(BenchError) {
        self.engineSocket = engineSocket
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let own = String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = own.lastIndex(of: "/") else { throw BenchError("/proc/self/exe cannot be read") }
        programs = String(own[..<slash])
    }

    /// The absolute path of a program beside this one.
    func program(_ name: String) throws(BenchError) -> String {
        let path = "\(programs)/\(name)"
        guard unsafe access(path, X_OK) == 0 else {
            throw BenchError("\(path) is missing: swift build -c release --product \(name)")
        }
        return path
    }

    /// Runs a program to its end and returns what it printed.
    @discardableResult
    func command(_ arguments: [String], input: [UInt8] = [], in folder: String? = nil) async throws -> String
    {
        var arguments = arguments
        if let folder { arguments = ["/usr/bin/env", "-C", folder] + arguments }
        // Settings of the person who runs the bench must not change what git does.
        let environment = [
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "GIT_CONFIG_NOSYSTEM": "1",
            "HOME": "/nonexistent",
            "GIT_AUTHOR_NAME": "bench", "GIT_AUTHOR_EMAIL": "bench@example.com",
            "GIT_COMMITTER_NAME": "bench",
            "GIT_COMMITTER_EMAIL": "bench@example.com"
        ]
        let final = arguments
        let output = try await pool.run { () throws(Subprocess.Failure) in
            try Subprocess.run(final, environment: environment, input: input, timeout: .seconds(300))
        }
        guard output.exitCode == 0 else {
            let text = String(decoding: output.standardError.suffix(500), as: UTF8.self)
            throw BenchError("\(arguments.joined(separator: " ")) ended with \(output.exitCode): \(text)")
        }
        return String(decoding: output.standardOutput, as: UTF8.self)
    }

    /// Gives `body` an empty folder that is gone afterwards.
    func withFolder<Value: Sendable>(_ body: (String) async throws -> Value) async throws -> Value {
        let path = try await command(["/usr/bin/env", "mktemp", "-d", "/tmp/slipway-bench.XXXXXX"])
        let folder = String(path.prefix { !$0.isNewline })
        do {
            let value = try await body(folder)
            try await command(["/usr/bin/env", "rm", "-rf", folder])
            return value
        } catch {
            // The first error is the one to report.
            _ = try? await command(["/usr/bin/env", "rm", "-rf", folder])
            throw error
        }
    }
}
