import FoundationEssentials
import HTTPClient
import Synchronization
import Testing

/// Counts, over and over, how many instances of a process really answer, beside whatever else happens.
final class CapacityWatcher: Sendable {
    struct Reading: Sendable, Hashable {
        var answering: Int
        var listed: [String]
    }

    private let readings = Mutex<[Reading]>([])
    private let client = HTTPClient()
    private let world: World
    private let app: String

    private init(world: World, app: String) {
        self.world = world
        self.app = app
    }

    /// Runs `body` while counting instances of `app`'s process `web`; fails if fewer than `floor` answered at any
    /// moment, or more than `ceiling` existed.
    static func watch(
        _ world: World, app: String = "shop", floor: Int, ceiling: Int? = nil, _ body: () async throws -> Void
    ) async throws {
        let watcher = CapacityWatcher(world: world, app: app)
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
        let readings = watcher.readings.withLock { $0 }
        #expect(readings.count >= 5, "the watcher hardly looked: \(readings.count) times")
        if let least = readings.min(by: { $0.answering < $1.answering }) {
            #expect(
                least.answering >= floor, "only \(least.answering) answered while there were \(least.listed)")
        }
        if let ceiling, let most = readings.max(by: { $0.listed.count < $1.listed.count }) {
            #expect(most.listed.count <= ceiling, "at once there were \(most.listed)")
        }
    }

    private func loop() async {
        while !Task.isCancelled {
            let began = ContinuousClock.now
            // An engine that does not answer for a moment says nothing about the instances.
            if let reading = try? await read() {
                // A slow reading mixes two moments: an old instance that was listed may be rightly gone when asked.
                if ContinuousClock.now - began < .milliseconds(300) {
                    readings.withLock { $0.append(reading) }
                }
            }
            // Until cancelled; the loop's condition sees it.
            try? await Task.sleep(until: began + .milliseconds(50))
        }
    }

    private func read() async throws -> Reading {
        struct Wire: Decodable {
            struct Settings: Decodable { var Networks: [String: Network] }
            struct Network: Decodable { var IPAddress: String }
            var Names: [String]
            var NetworkSettings: Settings
        }
        let filters =
            #"{"label":["slipway.installation=\#(world.id)","slipway.app=\#(app)","slipway.process=web"],"status":["running"]}"#
        let response = try await client.send(
            HTTPRequest(
                url: "http://engine/containers/json?filters=" + percentEncoded(filters),
                unixSocket: world.engine.socket, timeout: .seconds(2)))
        let containers = try JSONDecoder().decode([Wire].self, from: Data(response.body))
        let answering = await withTaskGroup(of: Bool.self) { group in
            for address in containers.flatMap({ $0.NetworkSettings.Networks.values.map(\.IPAddress) }) {
                group.addTask { [client] in
                    // The test's own small server takes one connection at a time and refuses another while it makes
                    // ready for the next; an instance that is gone refuses all of them.
                    let began = ContinuousClock.now
                    repeat {
                        let answer = try? await client.send(
                            HTTPRequest(
                                url: "http://\(address):8080/health", timeout: .seconds(1),
                                reusesConnection: false))
                        if answer?.status == 200 { return true }
                        // Until cancelled; then nobody asks for the answer.
                        try? await Task.sleep(for: .milliseconds(10))
                    } while ContinuousClock.now - began < .milliseconds(200)
                    return false
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        return Reading(answering: answering, listed: containers.flatMap(\.Names).sorted())
    }
}

func percentEncoded(_ text: String) -> String {
    text.utf8.reduce(into: "") { result, byte in
        let character = Character(UnicodeScalar(byte))
        if character.isASCII, character.isLetter || character.isNumber || "-._~".contains(character) {
            result.append(character)
        } else {
            let digits = String(byte, radix: 16, uppercase: true)
            result += "%" + (digits.count < 2 ? "0" : "") + digits
        }
    }
}
