import Telemetry
import Testing

@Suite struct MetricsTests {
    @Test func theTextIsWhatPrometheusReads() {
        let registry = MetricsRegistry()
        registry.counter("slipway_passes_total", help: "Passes of the loop.").increment(by: 3)
        registry.counter("slipway_actions_total", help: "Actions\\done\nso far.", labels: ["kind": "stop"])
            .increment()
        registry.counter("slipway_actions_total", help: "unused", labels: ["kind": "la\"un\\ch\n"]).increment(
            by: 2)
        registry.gauge("slipway_apps", help: "Apps.").set(1.5)
        let histogram = registry.histogram(
            "slipway_pass_seconds", help: "Time of a pass.", bounds: [0.1, 1], labels: ["source": "main"])
        for value in [0.05, 0.1, 0.5, 7] { histogram.observe(value) }
        #expect(
            registry.text() == #"""
                # HELP slipway_actions_total Actions\\done\nso far.
                # TYPE slipway_actions_total counter
                slipway_actions_total{kind="la\"un\\ch\n"} 2
                slipway_actions_total{kind="stop"} 1
                # HELP slipway_apps Apps.
                # TYPE slipway_apps gauge
                slipway_apps 1.5
                # HELP slipway_pass_seconds Time of a pass.
                # TYPE slipway_pass_seconds histogram
                slipway_pass_seconds_bucket{source="main",le="0.1"} 2
                slipway_pass_seconds_bucket{source="main",le="1"} 3
                slipway_pass_seconds_bucket{source="main",le="+Inf"} 4
                slipway_pass_seconds_sum{source="main"} 7.65
                slipway_pass_seconds_count{source="main"} 4
                # HELP slipway_passes_total Passes of the loop.
                # TYPE slipway_passes_total counter
                slipway_passes_total 3

                """#)
    }

    @Test func theSameNameAndLabelsAreTheSameFigure() {
        let registry = MetricsRegistry()
        let first = registry.counter("a_total", help: "A.", labels: ["x": "1"])
        let second = registry.counter("a_total", help: "A.", labels: ["x": "1"])
        let other = registry.counter("a_total", help: "A.", labels: ["x": "2"])
        #expect(first === second)
        #expect(first !== other)
    }

    @Test func strangeValuesDoNoHarm() {
        let registry = MetricsRegistry()
        let counter = registry.counter("a_total", help: "A.")
        counter.increment(by: -5)
        #expect(counter.value == 0)
        counter.increment(by: .max)
        counter.increment()
        #expect(counter.value == .max)
        let gauge = registry.gauge("b", help: "B.")
        for (value, text) in [
            (Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (-0.25, "-0.25")
        ] {
            gauge.set(value)
            #expect(registry.text().contains("\nb \(text)\n"))
        }
        let histogram = registry.histogram("c", help: "C.", bounds: [])
        histogram.observe(.nan)
        histogram.observe(.milliseconds(1_500))
        #expect(registry.text().contains("c_bucket{le=\"+Inf\"} 1\nc_sum 1.5\nc_count 1\n"))
    }

    @Test func figuresMayBeCountedFromManyTasks() async {
        let registry = MetricsRegistry()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    for _ in 0..<100 { registry.counter("a_total", help: "A.").increment() }
                }
            }
        }
        #expect(registry.text().contains("\na_total 10000\n"))
    }

    @Test func figuresFromElsewhereAreWrittenDirectly() {
        var writer = MetricsWriter()
        writer.begin("up", help: "Whether.", kind: "gauge")
        writer.sample("up", [("job", "a\"b")], 1)
        #expect(writer.text == "# HELP up Whether.\n# TYPE up gauge\nup{job=\"a\\\"b\"} 1\n")
    }

    @Test func aMetricOfTwoKindsIsABug() async {
        await #expect(processExitsWith: .failure) {
            let registry = MetricsRegistry()
            _ = registry.counter("a_total", help: "A.")
            _ = registry.gauge("a_total", help: "A.")
        }
    }
}
