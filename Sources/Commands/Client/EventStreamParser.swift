/// Takes a `text/event-stream` apart, in whatever pieces it comes.
struct EventStreamParser {
    struct Event: Sendable, Hashable {
        var name: String
        var id: String?
        var data: [UInt8]
    }

    /// An event that goes on past this is not one of ours.
    private let limitInBytes: Int

    private var line: [UInt8] = []
    private var name = ""
    private var id: String?
    private var data: [UInt8] = []
    private var hasData = false
    private var isOverlong = false

    init(limitInBytes: Int = 64 << 20) { self.limitInBytes = limitInBytes }

    /// The events that `bytes` completes; `nil` once an event was too long.
    mutating func take(_ bytes: [UInt8]) -> [Event]? {
        var events: [Event] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 10) {
            line += rest[..<end]
            rest = rest[rest.index(after: end)...]
            if line.last == 13 { line.removeLast() }
            if let event = endLine() { events.append(event) }
            line.removeAll(keepingCapacity: true)
        }
        line += rest
        if line.count + data.count > limitInBytes { isOverlong = true }
        return isOverlong ? nil : events
    }

    private mutating func endLine() -> Event? {
        guard !line.isEmpty else {
            defer {
                name = ""
                data = []
                hasData = false
            }
            return hasData ? Event(name: name.isEmpty ? "message" : name, id: id, data: data) : nil
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = colon < line.endIndex ? line[(colon + 1)...] : []
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "event": name = String(decoding: value, as: UTF8.self)
        case "id": id = String(decoding: value, as: UTF8.self)
        case "data":
            if hasData { data.append(10) }
            data += value
            hasData = true
        default: break
        }
        if data.count > limitInBytes { isOverlong = true }
        return nil
    }
}
