import FoundationEssentials
import Model
import Testing

@Suite struct TimeSpanTests {
    @Test(arguments: [
        ("0s", 0), ("1ms", 1), ("500ms", 500), ("30s", 30_000), ("60s", 60_000), ("1m", 60_000),
        ("1m30s", 90_000),
        ("1h", 3_600_000), ("1h0m0s1ms", 3_600_001), ("90m", 5_400_000), ("007s", 7_000),
        ("87600h", 315_360_000_000)
    ])
    func aDurationIsRead(_ text: String, _ milliseconds: Int64) throws {
        let span = try #require(TimeSpan(parsing: text))
        #expect(span.milliseconds == milliseconds)
        #expect(TimeSpan(parsing: span.description) == span)
    }

    @Test(arguments: [
        "", "s", "1", "30", "-5s", "+5s", "1.5s", "1e9h", "1s1m", "1s1s", "5 s", " 5s", "5s ", "5d", "5S",
        "5µs",
        "99999999999999999999h", "9223372036854775807ms", "87601h", "87600h1ms", "１s", "1s\n", "1s\u{0}", "١s"
    ])
    func anythingElseIsRefused(_ text: String) {
        #expect(TimeSpan(parsing: text) == nil)
    }

    @Test func theShortestFormIsWritten() {
        #expect(TimeSpan.seconds(90).description == "1m30s")
        #expect(TimeSpan.minutes(60).description == "1h")
        #expect(TimeSpan.zero.description == "0s")
        #expect(TimeSpan.milliseconds(-1_500).description == "-1s500ms")
        #expect(!TimeSpan.milliseconds(.min).description.isEmpty)
    }

    @Test func arithmeticSaturates() {
        #expect(TimeSpan.seconds(.max).milliseconds == .max)
        #expect(TimeSpan.minutes(.max).milliseconds == .max)
        #expect(TimeSpan.milliseconds(.max).nanoseconds == .max)
        #expect(TimeSpan.milliseconds(.min).nanoseconds == .min)
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
        #expect((Instant(nanoseconds: 5_000_000) - .zero) == .milliseconds(5))
        #expect(TimeSpan.milliseconds(1_001).wholeSecondsRoundedUp == 2)
        #expect(TimeSpan.milliseconds(1_000).wholeSecondsRoundedUp == 1)
    }

    @Test func itIsTextInJSON() throws {
        let json = try JSONEncoder().encode([TimeSpan.seconds(90)])
        #expect(String(decoding: json, as: UTF8.self) == #"["1m30s"]"#)
        #expect(try JSONDecoder().decode([TimeSpan].self, from: json) == [.seconds(90)])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([TimeSpan].self, from: Data(#"["soon"]"#.utf8))
        }
    }
}
