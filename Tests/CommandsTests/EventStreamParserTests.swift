@testable import Commands
import Testing

@Suite struct EventStreamParserTests {
    static let bytes = Array(
        ": heartbeat\n\nid: 7\nevent: status\ndata: {\"a\":\"ü\"}\n\ndata:1\r\ndata: 2\r\n\r\nevent: empty\n\nevent: x\ndata\n\n"
            .utf8)

    static let events = [
        EventStreamParser.Event(name: "status", id: "7", data: Array("{\"a\":\"ü\"}".utf8)),
        EventStreamParser.Event(name: "message", id: "7", data: Array("1\n2".utf8)),
        EventStreamParser.Event(name: "x", id: "7", data: [])
    ]

    /// Cut anywhere, and byte by byte, the events are the same.
    @Test func anyCutGivesTheSame() {
        for cut in 0...Self.bytes.count {
            var parser = EventStreamParser()
            let first = parser.take(Array(Self.bytes[..<cut]))
            let second = parser.take(Array(Self.bytes[cut...]))
            #expect((first ?? []) + (second ?? []) == Self.events)
        }
        var parser = EventStreamParser()
        var events: [EventStreamParser.Event] = []
        for byte in Self.bytes { events += parser.take([byte]) ?? [] }
        #expect(events == Self.events)
    }

    @Test func anEndlessEventIsGivenUp() {
        var parser = EventStreamParser(limitInBytes: 4 << 10)
        let piece = [UInt8](repeating: 65, count: 1 << 10)
        var isGivenUp = false
        for _ in 0..<5 where parser.take(piece) == nil { isGivenUp = true }
        #expect(isGivenUp)
    }
}
