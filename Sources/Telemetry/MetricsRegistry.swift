internal import Synchronization

/// The figures of a program, and their text for Prometheus. Passed in, never global.
///
/// Names and labels are constants of the program. Label values come from closed sets, never from paths, commits or
/// messages: each combination is kept for good.
public final class MetricsRegistry: Sendable {
    private enum Instrument {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)

        var kind: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }
    private struct Series {
        var labels: [(name: String, value: String)]
        var instrument: Instrument
    }
    private struct Family {
        var help: String
        var kind: String
        /// By the text of the labels.
        var series: [String: Series] = [:]
    }

    /// The value of `Content-Type` for `text()`.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private let families = Mutex<[String: Family]>([:])

    public init() {}

    /// The counter of that name and these labels, made at the first call. Names of counters end in `_total`.
    public func counter(
        _ name: StaticString, help: StaticString, labels: KeyValuePairs<StaticString, String> = [:]
    ) -> Counter {
        let made = instrument(name, help, labels) { .counter(Counter()) }
        guard case .counter(let counter) = made else {
            preconditionFailure("\(name) is no counter elsewhere")
        }
        return counter
    }

    public func gauge(
        _ name: StaticString, help: StaticString, labels: KeyValuePairs<StaticString, String> = [:]
    ) -> Gauge {
        let made = instrument(name, help, labels) { .gauge(Gauge()) }
        guard case .gauge(let gauge) = made else { preconditionFailure("\(name) is no gauge elsewhere") }
        return gauge
    }

    /// - Parameter bounds: rising upper bounds of the buckets, `+Inf` implied; those of the first call of a name and
    ///   its labels count.
    public func histogram(
        _ name: StaticString, help: StaticString, bounds: [Double],
        labels: KeyValuePairs<StaticString, String> = [:]
    ) -> Histogram {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "bounds rise")
        let made = instrument(name, help, labels) { .histogram(Histogram(bounds: bounds)) }
        guard case .histogram(let histogram) = made else {
            preconditionFailure("\(name) is no histogram elsewhere")
        }
        return histogram
    }

    /// Everything in the text format 0.0.4, sorted by name, then labels.
    public func text() -> String {
        let families = self.families.withLock { $0 }
        var writer = MetricsWriter()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            writer.begin(name, help: family.help, kind: family.kind)
            for (_, series) in family.series.sorted(by: { $0.key < $1.key }) {
                switch series.instrument {
                case .counter(let counter): writer.sample(name, series.labels, integer: counter.value)
                case .gauge(let gauge): writer.sample(name, series.labels, gauge.value)
                case .histogram(let histogram): writer.histogram(name, series.labels, histogram)
                }
            }
        }
        return writer.text
    }

    private func instrument(
        _ name: StaticString, _ help: StaticString, _ labels: KeyValuePairs<StaticString, String>,
        make: () -> Instrument
    ) -> Instrument {
        let name = name.description
        precondition(MetricsWriter.isName(name), "\(name) is no name of a metric")
        let labels = labels.map { (name: $0.key.description, value: $0.value) }
        precondition(
            labels.allSatisfy { MetricsWriter.isName($0.name) && $0.name != "le" }, "bad label of \(name)")
        let key = MetricsWriter.labels(labels)
        return families.withLock { families in
            if let known = families[name]?.series[key] { return known.instrument }
            let made = make()
            var family = families[name] ?? Family(help: help.description, kind: made.kind)
            precondition(family.kind == made.kind, "\(name) is a \(family.kind) elsewhere")
            family.series[key] = Series(labels: labels, instrument: made)
            families[name] = family
            return made
        }
    }
}
