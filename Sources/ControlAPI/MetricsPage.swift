internal import Model
internal import Ports

/// `/metrics` in the text format of Prometheus.
///
/// Labels come from closed sets and from names that the grammar bounds: apps (the first 1,000 by name), processes and
/// sources. Never a path, a commit or a message.
enum MetricsPage {
    static let appLimit = 1_000

    static func text(status: InstallationStatus, figures: ControllerFigures, readiness: String?) -> String {
        var page = Page()
        page.gauge(
            "slipway_build_info", "Which build runs; always 1.",
            [(labels: [("version", Build.version)], value: 1)])
        page.gauge(
            "slipway_ready", "Whether sources and engine have been read once.",
            [(labels: [], value: readiness == nil ? 1 : 0)])
        page.gauge(
            "slipway_engine_up", "Whether the engine answers.",
            [(labels: [], value: status.engine.isReachable ? 1 : 0)])
        if let listedAt = status.engine.listedAt {
            page.gauge(
                "slipway_engine_listed_timestamp_seconds",
                "When the last full listing of the engine was finished.",
                [(labels: [], value: listedAt.secondsSince1970)])
        }
        apps(status, &page)
        sources(status, &page)
        counters(figures, &page)
        edge(status, figures, &page)
        return page.text
    }

    private static func apps(_ status: InstallationStatus, _ page: inout Page) {
        page.gauge(
            "slipway_apps", "Number of apps by verdict.",
            Verdict.allCases.map { verdict in
                ([("verdict", verdict.rawValue)], Int64(status.apps.count { $0.verdict == verdict }))
            })
        let apps = status.apps.sorted { $0.name < $1.name }.prefix(appLimit)
        page.gauge(
            "slipway_app_verdict", "1 for the verdict that the app has, 0 for the others.",
            apps.flatMap { app in
                Verdict.allCases.map { verdict in
                    (
                        [("app", app.name.rawValue), ("verdict", verdict.rawValue)],
                        app.verdict == verdict ? 1 : 0
                    )
                }
            })
        page.gauge(
            "slipway_app_verdict_since_seconds", "How long the verdict has stood.",
            apps.map { ([("app", $0.name.rawValue)], $0.sinceSeconds) })
        page.gauge(
            "slipway_app_paused", "Whether a person paused the app.",
            apps.map { ([("app", $0.name.rawValue)], $0.isPaused ? 1 : 0) })
        page.gauge(
            "slipway_app_release", "Number of the release that is proven to run.",
            apps.compactMap { app in
                app.running?.number.map { ([("app", app.name.rawValue)], Int64($0.value)) }
            })
        let processes = apps.flatMap { app in app.processes.map { (app.name, $0) } }
        func perProcess(_ name: String, _ help: String, _ value: (ProcessStatus) -> Int) {
            page.gauge(
                name, help,
                processes.map { app, process in
                    ([("app", app.rawValue), ("process", process.name.rawValue)], Int64(value(process)))
                })
        }
        perProcess("slipway_process_instances_wanted", "Instances that the spec asks for.") { $0.want }
        perProcess("slipway_process_instances", "Live instances of any release.") { $0.have }
        perProcess("slipway_process_instances_ready", "Live instances that are proven ready.") { $0.ready }
    }

    private static func sources(_ status: InstallationStatus, _ page: inout Page) {
        page.gauge(
            "slipway_source_fetched_timestamp_seconds", "When the last good fetch was finished.",
            status.sources.compactMap { source in
                source.fetchedAt.map { ([("source", source.name.rawValue)], $0.secondsSince1970) }
            })
        page.gauge(
            "slipway_source_errors", "Findings of severity error in the commit that was read last.",
            status.sources.map { source in
                (
                    [("source", source.name.rawValue)],
                    Int64(source.diagnostics.count { $0.severity == .error })
                )
            })
        page.gauge(
            "slipway_source_blocked", "Whether something keeps the source from being followed.",
            status.sources.map { ([("source", $0.name.rawValue)], $0.because.isEmpty ? 0 : 1) })
    }

    private static func counters(_ figures: ControllerFigures, _ page: inout Page) {
        page.counter("slipway_passes_total", "Passes of the loop.", [([], figures.passes)])
        page.counter(
            "slipway_actions_total", "Effects on the engine by kind and result.",
            Action.Kind.allCases.flatMap { kind in
                [
                    ([("kind", kind.rawValue), ("result", "succeeded")], figures.actionsSucceeded[kind] ?? 0),
                    ([("kind", kind.rawValue), ("result", "failed")], figures.actionsFailed[kind] ?? 0)
                ]
            })
        page.counter(
            "slipway_rollouts_total", "Rollouts that ended, by outcome.",
            RolloutRecord.Outcome.allCases.map {
                ([("outcome", $0.rawValue)], figures.rolloutsEnded[$0] ?? 0)
            })
        page.counter(
            "slipway_probes_total", "Probes by result.",
            [([("result", "passed")], figures.probesPassed), ([("result", "failed")], figures.probesFailed)])
        page.counter("slipway_fetches_total", "Fetches of sources.", [([], figures.fetches)])
        page.counter("slipway_fetch_failures_total", "Fetches that failed.", [([], figures.fetchFailures)])
    }

    private static func edge(
        _ status: InstallationStatus, _ figures: ControllerFigures, _ page: inout Page
    ) {
        guard let edge = status.edge else { return }
        page.gauge("slipway_edge_up", "Whether the edge answers.", [([], edge.isReachable ? 1 : 0)])
        page.gauge(
            "slipway_certificate_expiry_timestamp_seconds", "When the certificate of a host expires.",
            edge.certificates.compactMap { certificate in
                certificate.expiresAt.map { ([("host", certificate.host)], $0.secondsSince1970) }
            })
        page.gauge(
            "slipway_certificate_failures", "Attempts in a row that brought no certificate for a host.",
            edge.certificates.map { ([("host", $0.host)], Int64($0.failures)) })
        let routes = figures.routes.sorted { $0.key < $1.key }.prefix(appLimit)
        let releases = routes.flatMap { key, counts in
            counts.sorted { $0.key < $1.key }.map { release, figures in
                (
                    labels: [
                        ("app", key.app.rawValue), ("process", key.process.rawValue),
                        ("release", "\(release)")
                    ], figures: figures
                )
            }
        }
        page.counter(
            "slipway_edge_requests_total", "Requests that the edge has sent to a release.",
            releases.map { ($0.labels, $0.figures.requests) })
        page.counter(
            "slipway_edge_errors_total", "Of these, those answered 5xx or not at all.",
            releases.map { ($0.labels, $0.figures.errors) })
        page.histogram(
            "slipway_edge_request_duration_seconds", "Durations of the requests in the edge's log.",
            releases.map { ($0.labels, $0.figures.latency) })
    }

    /// The text format: all label values here are names without quotes, backslashes or line breaks.
    private struct Page {
        typealias Sample = (labels: [(String, String)], value: Int64)
        var text = ""

        mutating func gauge(_ name: String, _ help: String, _ samples: [Sample]) {
            family(name, "gauge", help, samples)
        }
        mutating func counter(_ name: String, _ help: String, _ samples: [Sample]) {
            family(name, "counter", help, samples)
        }

        /// Counts in the classes of `TrafficFigures.bounds`; their sum is not known.
        mutating func histogram(_ name: String, _ help: String, _ series: [([(String, String)], [Int64])]) {
            let counted = series.filter { !$0.1.isEmpty }
            guard !counted.isEmpty else { return }
            text += "# HELP \(name) \(help)\n# TYPE \(name) histogram\n"
            for (labels, counts) in counted {
                var sum: Int64 = 0
                for (index, count) in counts.enumerated() {
                    sum += count
                    let bound = index < TrafficFigures.bounds.count ? TrafficFigures.bounds[index] : nil
                    let limit = bound.map(Self.seconds) ?? "+Inf"
                    text += "\(name)_bucket{\(Self.list(labels + [("le", limit)]))} \(sum)\n"
                }
                text += "\(name)_count{\(Self.list(labels))} \(sum)\n"
            }
        }

        private static func seconds(_ milliseconds: Int64) -> String {
            let rest = "\(1_000 + milliseconds % 1_000)".dropFirst()
            return "\(milliseconds / 1_000).\(rest)"
        }

        private static func list(_ labels: [(String, String)]) -> String {
            labels.map { #"\#($0.0)="\#($0.1)""# }.joined(separator: ",")
        }

        private mutating func family(_ name: String, _ type: String, _ help: String, _ samples: [Sample]) {
            guard !samples.isEmpty else { return }
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
            for sample in samples {
                let labels = Self.list(sample.labels)
                text += labels.isEmpty ? "\(name) \(sample.value)\n" : "\(name){\(labels)} \(sample.value)\n"
            }
        }
    }
}
