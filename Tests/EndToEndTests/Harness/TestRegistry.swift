import Execution
import FoundationEssentials
import Synchronization
import TestServers

/// A registry of its own, for tests that take it away.
final class TestRegistry: Sendable {
    let address: String
    private let directory: String

    private init(address: String, directory: String) {
        self.address = address
        self.directory = directory
    }

    /// - Parameter enter: put before the program, such as `nsenter …`.
    static func start(in directory: String, enter: [String] = []) async throws -> TestRegistry {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let port = try closedPort()
        let configuration = """
            version: 0.1
            log: {level: warn, accesslog: {disabled: true}}
            storage:
              filesystem: {rootdirectory: \(directory)/data}
              maintenance: {uploadpurging: {enabled: false}}
            http: {addr: "127.0.0.1:\(port)"}
            """
        try Data(configuration.utf8).write(to: URL(filePath: directory + "/config.yml"))
        let registry = TestRegistry(address: "127.0.0.1:\(port)", directory: directory)
        try await registry.startAgain(enter: enter)
        return registry
    }

    func startAgain(enter: [String] = []) async throws {
        let script = #"""
            directory=$1; shift
            OTEL_TRACES_EXPORTER=none setsid "$@" docker-registry serve "$directory/config.yml" >>"$directory/log" 2>&1 &
            echo $! >"$directory/pid"
            """#
        try await Shell.succeed(["sh", "-c", script, "-", directory] + (enter.isEmpty ? ["env"] : enter))
        try await eventually("the registry answers", within: .seconds(15)) {
            let output = try await Shell.run(
                enter + ["curl", "-fs", "-o", "/dev/null", "http://\(address)/v2/"])
            return output.exitCode == 0 ? .yes(()) : .notYet("\(output)")
        }
    }

    func stop() async throws {
        let script = #"""
            pid=$(cat "$0/pid" 2>/dev/null) || exit 0
            rm -f "$0/pid"
            kill -9 "$pid" 2>/dev/null || exit 0
            while kill -0 "$pid" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null; do sleep 0.02; done
            """#
        try await Shell.succeed(["sh", "-c", script, directory])
    }
}
