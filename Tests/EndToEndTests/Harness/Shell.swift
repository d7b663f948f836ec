import Execution

/// Runs programs off the cooperative pool.
enum Shell {
    private static let pool = BlockingPool(name: "shell", threads: 12)

    struct Output: Sendable, CustomStringConvertible {
        var arguments: [String]
        var exitCode: Int32
        var text: String
        var errors: String
        var description: String { "\(arguments.joined(separator: " ")) → \(exitCode)\n\(text)\(errors)" }
    }

    struct Failed: Error, CustomStringConvertible {
        var output: Output
        var description: String { "\(output)" }
    }

    static let environment = [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1", "DOCKER_CLI_HINTS": "false", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Anna",
        "GIT_AUTHOR_EMAIL": "anna@example.com", "GIT_COMMITTER_NAME": "Anna",
        "GIT_COMMITTER_EMAIL": "anna@example.com"
    ]

    /// Runs `arguments` with the `PATH` searched, whatever the exit code is.
    static func run(
        _ arguments: [String], input: String = "", timeout: Duration = .seconds(60)
    ) async throws -> Output {
        let output = try await pool.run { () throws(Subprocess.Failure) in
            try Subprocess.run(
                ["/usr/bin/env"] + arguments, environment: environment, input: Array(input.utf8),
                timeout: timeout)
        }
        return Output(
            arguments: arguments, exitCode: output.timedOut ? -1 : output.exitCode,
            text: String(decoding: output.standardOutput, as: UTF8.self),
            errors: String(decoding: output.standardError, as: UTF8.self)
                + (output.timedOut ? "(timed out)" : ""))
    }

    /// As `run`, but any exit code other than 0 is an error; returns the output without white space around it.
    @discardableResult
    static func succeed(
        _ arguments: [String], input: String = "", timeout: Duration = .seconds(60)
    ) async throws -> String {
        let output = try await run(arguments, input: input, timeout: timeout)
        guard output.exitCode == 0 else { throw Failed(output: output) }
        return output.text.trimmed
    }
}

extension String {
    var trimmed: String {
        var text = self[...]
        while text.last?.isWhitespace == true { text.removeLast() }
        while text.first?.isWhitespace == true { text.removeFirst() }
        return String(text)
    }

    var lines: [String] { split(separator: "\n").map(String.init) }
}
