import FoundationEssentials
import Synchronization
import Testing

/// Reads the table of the running proxy five times a second, beside whatever else happens, and holds it against what
/// the engine lists: who gets new requests has to run (I5).
final class EdgeWatcher: Sendable {
    struct Reading: Sendable {
        /// Servers that get new requests.
        var serving: Set<String>
        var running: Set<String>
    }

    private let readings = Mutex<(count: Int, problems: [String])>((0, []))
    private let world: World

    private init(_ world: World) { self.world = world }

    static func watch(_ world: World, _ body: () async throws -> Void) async throws {
        let watcher = EdgeWatcher(world)
        let task = Task { await watcher.loop() }
        do {
            try await body()
        } catch {
            task.cancel()
            await task.value
            throw error
        }
        task.cancel()
        await task.value
        let (count, problems) = watcher.readings.withLock { $0 }
        #expect(count >= 20, "the watcher hardly looked: \(count) times")
        #expect(problems == [])
    }

    private func loop() async {
        while !Task.isCancelled {
            let began = ContinuousClock.now
            // A proxy or an engine that does not answer for a moment gives no reading.
            if let reading = try? await read() { note(reading) }
            // Until cancelled; the loop's condition sees it.
            try? await Task.sleep(until: began + .milliseconds(200))
        }
    }

    private func note(_ reading: Reading) {
        let dead = reading.serving.subtracting(reading.running)
        readings.withLock { readings in
            readings.count += 1
            if !dead.isEmpty, readings.problems.count < 20 {
                readings.problems.append("requests went to \(dead.sorted()), which did not run")
            }
        }
    }

    /// The table first: what is added to it after that is no matter, and what it has runs for as long as it has it.
    private func read() async throws -> Reading {
        let serving = try await servers()
        let running = try await world.engine.docker(
            "ps", "--format", "{{.Names}}", "--filter", "label=slipway.installation=\(world.id)")
        // What has crashed by itself is the app's doing: only who is still there a moment later counts.
        let still = try await servers()
        return Reading(serving: serving.intersection(still), running: Set(running.lines))
    }

    private func servers() async throws -> Set<String> {
        let script = """
            import socket, sys
            plain = socket.socket(socket.AF_UNIX)
            plain.connect(sys.argv[1])
            plain.sendall(b"show servers state\\n")
            print(plain.makefile().read())
            """
        let table = try await Shell.succeed([
            "/usr/bin/python3", "-c", script, world.stateDirectory + "/edge/run/admin.sock"
        ])
        // Columns: be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight …
        return Set(
            table.split(separator: "\n").compactMap { line in
                let fields = line.split(separator: " ")
                guard fields.count > 8, fields[0].allSatisfy(\.isNumber), fields[5] == "2", fields[6] == "0",
                    fields[7] != "0", fields[1].split(separator: ".").count == 2
                else { return nil }
                return String(fields[3])
            })
    }
}
