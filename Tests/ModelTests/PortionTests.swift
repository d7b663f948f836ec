import FoundationEssentials
import Model
import Testing

@Suite struct PortionTests {
    @Test(arguments: [
        (Portion.percent(25), 1, 1, 0), (.percent(25), 3, 1, 0), (.percent(25), 4, 1, 1),
        (.percent(25), 5, 2, 1),
        (.percent(0), 10, 0, 0), (.percent(100), 7, 7, 7), (.count(2), 10, 2, 2), (.count(0), 10, 0, 0),
        (.percent(1), 1_000, 10, 10), (.percent(25), 0, 0, 0)
    ])
    func sharesAreRounded(_ portion: Portion, _ total: Int, _ up: Int, _ down: Int) {
        #expect(portion.roundedUp(of: total) == up)
        #expect(portion.roundedDown(of: total) == down)
    }

    @Test func itIsTextInJSON() throws {
        for portion in [Portion.count(3), .percent(25)] {
            let json = try JSONEncoder().encode([portion])
            #expect(try JSONDecoder().decode([Portion].self, from: json) == [portion])
        }
        for text in ["-1", "x", "", "%", "25 %", "1000001", "99999999999999999999"] {
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode([Portion].self, from: try JSONEncoder().encode([text]))
            }
        }
    }
}
