import Model
@testable import Planning
import Testing

@Suite struct ShareTestTests {
    @Test func fewRequestsProveNothing() {
        #expect(ShareTest.verdict(hits: 0, of: 50, limit: 0.01) == .insufficient)
        #expect(ShareTest.verdict(hits: 1, of: 50, limit: 0.01) == .insufficient)
        #expect(ShareTest.verdict(hits: 0, of: 0, limit: 0.01) == .insufficient)
    }

    @Test func manyGoodAnswersAreGood() {
        #expect(ShareTest.verdict(hits: 0, of: 200, limit: 0.01) == .good)
        #expect(ShareTest.verdict(hits: 10, of: 5_000, limit: 0.01) == .good)
    }

    @Test func manyBadAnswersAreBad() {
        #expect(ShareTest.verdict(hits: 10, of: 50, limit: 0.01) == .bad)
        #expect(ShareTest.verdict(hits: 300, of: 10_000, limit: 0.01) == .bad)
    }

    @Test func whereNothingMayBeWrongOneIsProof() {
        #expect(ShareTest.verdict(hits: 1, of: 1_000, limit: 0) == .bad)
        #expect(ShareTest.verdict(hits: 0, of: 1, limit: 0) == .good)
        #expect(ShareTest.verdict(hits: 5, of: 5, limit: 1) == .good)
    }

    @Test func countsThatMakeNoSenseAreNoVerdict() {
        #expect(ShareTest.verdict(hits: 3, of: 2, limit: 0.1) == .insufficient)
        #expect(ShareTest.verdict(hits: -1, of: 2, limit: 0.1) == .insufficient)
        #expect(ShareTest.verdict(hits: .max, of: .max, limit: 0.1) == .bad)
        #expect(!ShareTest.isWorse(hits: 0, of: 0, than: 0, of: 0, tolerance: 0))
    }

    @Test func threeErrorsOfAFewAgainstNoneOfManyAreWorse() {
        #expect(ShareTest.isWorse(hits: 3, of: 150, than: 0, of: 2_850, tolerance: 0))
        #expect(!ShareTest.isWorse(hits: 1, of: 150, than: 0, of: 2_850, tolerance: 0))
        #expect(!ShareTest.isWorse(hits: 3, of: 150, than: 57, of: 2_850, tolerance: 0))
    }

    @Test func aPercentileIsJudgedByWhatIsSurelySlower() {
        var figures = TrafficFigures(requests: 400)
        figures.latency = Array(repeating: 0, count: TrafficFigures.bounds.count + 1)
        figures.latency[TrafficFigures.latencyClass(milliseconds: 40)] = 340
        figures.latency[TrafficFigures.latencyClass(milliseconds: 350)] = 60
        let reading = MetricReading(metric: .latencyP95, limit: .time(.milliseconds(300)), tolerance: 0)
        #expect(
            reading.verdict(figures, nil)
                == .bad("answered 95 % of 400 requests within 400ms, slower than 300ms"))
        // 350 lies in the class of 300 to 400 ms: whether those were slower is not known.
        let between = MetricReading(metric: .latencyP95, limit: .time(.milliseconds(350)), tolerance: 0)
        #expect(between.verdict(figures, nil) == .insufficient)
        let loose = MetricReading(metric: .latencyP95, limit: .time(.milliseconds(500)), tolerance: 0)
        #expect(loose.verdict(figures, nil) == .good)
    }

    @Test func latencyIsComparedWithTheLastGoodRelease() {
        func figures(_ milliseconds: Int64) -> TrafficFigures {
            var figures = TrafficFigures(requests: 400)
            figures.latency = Array(repeating: 0, count: TrafficFigures.bounds.count + 1)
            figures.latency[TrafficFigures.latencyClass(milliseconds: milliseconds)] = 400
            return figures
        }
        let reading = MetricReading(metric: .latencyP50, limit: .time(.seconds(1)), tolerance: 20)
        #expect(
            reading.verdict(figures(150), figures(50))
                == .bad("answered 50 % of 400 requests within 150ms, the last good release within 50ms"))
        #expect(reading.verdict(figures(60), figures(50)) == .good)
    }
}
