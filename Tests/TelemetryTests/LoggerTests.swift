import Synchronization
import Telemetry
import Testing

/// Collects what handlers write.
private final class Output: Sendable {
    private let state = Mutex("")
    var text: String { state.withLock { $0 } }
    func write(_ line: String) { state.withLock { $0 += line } }
}

@Suite struct LoggerTests {
    private let memory = MemoryLogHandler()

    private func logger(_ level: LogLevel = .debug) -> Logger {
        Logger(level: level, handlers: [memory], clock: { 1_700_000_000 })
    }

    @Test func entriesBelowTheLevelAreDroppedBeforeTheyAreMade() {
        let logger = logger(.notice)
        func expensive() -> LogValue {
            Issue.record("made for nothing")
            return 1
        }
        logger.debug("a", ["k": expensive()])
        logger.info("b")
        logger.notice("c")
        logger.warning("d")
        logger.error("e")
        #expect(memory.entries.map(\.message) == ["c", "d", "e"])
        Logger.disabled.error("nobody sees it", ["k": expensive()])
    }

    @Test func levelsRise() {
        #expect(LogLevel.allCases == LogLevel.allCases.sorted())
    }

    @Test func metadataOfTheEntryWinsOverThatOfTheLogger() {
        logger().with("app.name", "shop").with("release.number", 7).with("app.name", "catalog")
            .info("seen", ["release.number": 8, "is.new": true])
        #expect(
            memory.entries == [
                LogEntry(
                    secondsSince1970: 1_700_000_000, level: .info, message: "seen",
                    metadata: [("app.name", "catalog"), ("release.number", 8), ("is.new", true)])
            ])
        #expect(memory.entries.first?["release.number"] == 8)
        #expect(memory.entries.first?["none"] == nil)
    }

    @Test func dictionariesAreMetadataToo() {
        var metadata = ["b.b": "2"]
        metadata["a.a"] = "1"
        logger().notice("event", metadata)
        logger().notice("event", ["x": "\(1)"])
        logger().notice("event", ["x": .integer(1)])
        #expect(memory.entries.first?.metadata.map(\.key) == ["a.a", "b.b"])
        #expect(memory.entries.map { $0["x"] } == [nil, "1", 1])
    }

    @Test func memoryIsBounded() {
        let small = MemoryLogHandler(limit: 3)
        let logger = Logger(level: .debug, handlers: [small], clock: { 0 })
        for number in 0..<100 { logger.info("x", ["n": .integer(Int64(number))]) }
        #expect(small.entries.compactMap { $0["n"] } == [97, 98, 99])
    }

    @Test func jsonIsOneLineWhateverTheValues() {
        let output = Output()
        let logger = Logger(
            level: .debug, handlers: [JSONLogHandler(write: output.write)], clock: { 951_782_400 })
        logger.warning(
            "fetch \"failed\"",
            [
                "a.b": "x\n\"y\"\\\u{1b}[31m\u{2028}ü", "count": -5, "ok": false, "time": "mine",
                "big": .init(UInt64.max)
            ])
        #expect(
            output.text == #"{"time":"2000-02-29T00:00:00Z","level":"warning","message":"fetch \"failed\"","#
                + #""a.b":"x\n\"y\"\\\u001b[31m\u2028ü","count":-5,"ok":false,"metadata.time":"mine","#
                + #""big":9223372036854775807}"# + "\n")
    }

    @Test func peopleGetOneLineWithoutTricks() {
        let output = Output()
        let logger = Logger(
            level: .debug, handlers: [HumanLogHandler(usesColor: false, write: output.write)], clock: { 0 })
        logger.error(
            "it broke", ["app.name": "shop", "evil": "a\r\n\u{1b}[2J\u{202e}", "none": "", "why": "two words"]
        )
        #expect(
            output.text == "1970-01-01T00:00:00Z error   it broke app.name=shop "
                + "evil=\"a\\u{d}\\n\\u{1b}[2J\\u{202e}\" none=\"\" why=\"two words\"\n")
    }

    @Test func colourIsForTerminals() {
        let output = Output()
        let logger = Logger(
            level: .debug, handlers: [HumanLogHandler(usesColor: true, write: output.write)], clock: { 0 })
        logger.error("x")
        #expect(output.text.contains("\u{1b}[31merror\u{1b}[0m"))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (68_169_599, "1972-02-28T23:59:59Z"),
        (68_169_600, "1972-02-29T00:00:00Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
        (1_735_689_599, "2024-12-31T23:59:59Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
        (Int64.max, "9999-12-31T23:59:59Z"), (Int64.min, "0000-01-01T00:00:00Z")
    ])
    func timesAreRight(_ seconds: Int64, _ text: String) {
        let output = Output()
        Logger(level: .debug, handlers: [JSONLogHandler(write: output.write)], clock: { seconds }).info("x")
        #expect(output.text.contains("\"time\":\"\(text)\""))
    }
}
