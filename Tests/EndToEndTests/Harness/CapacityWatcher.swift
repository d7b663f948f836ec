import FoundationEssentials
import HTTPClient
import Synchronization
import Testing

/// Counts, over and over, how many instances of a process really answer, beside whatever else happens.
final class CapacityWatcher: Sendable {
    struct Reading: Sendable, Hashable {
        var answering: Int { listed.count - silent.count }
        var listed: [String]
        /// What those said instead that did not answer.
        var silent: [String]
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
                least.answering >= floor,
                "only \(least.answering) answered while there were \(least.listed): \(least.silent)")
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
                // The last one is cut off when the test is over.
                if ContinuousClock.now - began < .milliseconds(300), !Task.isCancelled {
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
        let silent = await withTaskGroup(of: String?.self) { group in
            for container in containers {
                for address in container.NetworkSettings.Networks.values.map(\.IPAddress) {
                    group.addTask { [client] in await Self.complaint(of: address, client) }
                }
            }
            return await group.reduce(into: [String]()) { all, one in if let one { all.append(one) } }
        }
        return Reading(listed: containers.flatMap(\.Names).sorted(), silent: silent)
    }

    /// Why the instance at `address` does not answer as a healthy one; `nil` if it does.
    private static func complaint(of address: String, _ client: HTTPClient) async -> String? {
        do {
            let answer = try await client.send(
                HTTPRequest(
                    url: "http://\(address):8080/health", timeout: .seconds(1), reusesConnection: false))
            return answer.status == 200 ? nil : "\(address) answered \(answer.status)"
        } catch {
            return "\(address): \(error)"
        }
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
