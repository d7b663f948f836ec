import Execution

/// Runs a program of the machine to its end.
enum Tool {
    private static let pool = BlockingPool(name: "tool", threads: 2)

    static func run(_ words: [String]) async throws -> (code: Int32, output: String) {
        let words = ["/usr/bin/\(words[0])"] + words.dropFirst()
        let output = try await pool.run { () throws(Subprocess.Failure) in
            try Subprocess.run(words, environment: [:], timeout: .seconds(60))
        }
        return (
            output.exitCode, String(decoding: output.standardOutput + output.standardError, as: UTF8.self)
        )
    }
}
