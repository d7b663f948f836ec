internal import FoundationEssentials
internal import Model
internal import Ports

/// Keeps `EdgeState` on disk: `state.json` for what is one of, and a file for each route.
///
/// A change costs the same with one app and with ten thousand.
struct EdgeMemory: Sendable {
    let layout: EdgeLayout

    private struct Header: Codable {
        var generation: Int
        var cookieKey: String
    }

    /// What a run before has left; what cannot be read is told, and goes by the next `apply`.
    func load(log: (String) -> Void) throws(EdgeError) -> EdgeState {
        var state = EdgeState()
        if let bytes = try Files.read(layout.state) {
            do {
                let header = try JSONDecoder().decode(Header.self, from: Data(bytes))
                state.generation = header.generation
                state.cookieKey = header.cookieKey
            } catch {
                log("\(layout.state) cannot be read and is made anew: \(error)")
            }
        }
        if !state.cookieKey.utf8.allSatisfy(Self.isHexDigit) || state.cookieKey.utf8.count != 32 {
            state.cookieKey = Self.newKey()
        }
        for name in Files.names(in: layout.routes).sorted() where name.hasSuffix(".json") {
            guard let bytes = try Files.read(layout.routes + "/" + name) else { continue }
            do {
                let route = try JSONDecoder().decode(Route.self, from: Data(bytes))
                try RouteValidation.check(route)
                if let (claimed, owner) = state.conflict(route) {
                    log("\(name) claims \(claimed), which \(owner) has; it is left out")
                    continue
                }
                state.set(route)
            } catch {
                log("the route in \(name) cannot be used and is left out until it is told anew: \(error)")
            }
        }
        return state
    }

    func save(header state: EdgeState) throws(EdgeError) {
        let header = Header(generation: state.generation, cookieKey: state.cookieKey)
        try Files.write(try encode(header), to: layout.state, isDurable: true)
    }

    /// - Parameter isDurable: `false`: `settle` follows.
    func save(_ route: Route, isDurable: Bool = true) throws(EdgeError) {
        try Files.write(try encode(route), to: layout.route(route.key), isDurable: isDurable)
    }

    /// Makes what was saved before durable.
    func settle() throws(EdgeError) { try Files.syncAll(in: layout.routes) }

    func forget(_ key: RouteKey) throws(EdgeError) {
        try Files.remove(layout.route(key), isDurable: true)
    }

    private func encode(_ value: some Encodable) throws(EdgeError) -> Data {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return try encoder.encode(value)
        } catch {
            throw EdgeError(.internal, "the edge's state cannot be written down: \(error)")
        }
    }

    private static func newKey() -> String {
        var text = ""
        for _ in 0..<16 {
            let byte = UInt8.random(in: 0...255)
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return text
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
