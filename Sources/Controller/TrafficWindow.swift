import Model

/// What was counted of one route over the last half to whole minute.
struct TrafficWindow {
    /// How old the beginning of the window is at least, once it has been followed so long.
    static let length = TimeSpan.seconds(30)

    private typealias Sample = (at: Instant, figures: [ReleaseNumber: TrafficFigures])
    private var oldest: Sample?
    private var middle: Sample?
    private var newest: Sample?

    mutating func add(_ figures: [ReleaseNumber: TrafficFigures], at now: Instant) {
        if let begin = middle, now - begin.at >= Self.length { (oldest, middle) = (begin, (now, figures)) }
        if middle == nil { middle = (now, figures) }
        if oldest == nil { oldest = (now, figures) }
        newest = (now, figures)
    }

    /// Counts by release since the beginning of the window, and its length.
    var counted: (figures: [ReleaseNumber: TrafficFigures], length: TimeSpan) {
        guard let oldest, let newest else { return ([:], .zero) }
        let figures = newest.figures.reduce(into: [ReleaseNumber: TrafficFigures]()) { counted, entry in
            counted[entry.key] = entry.value.since(oldest.figures[entry.key] ?? TrafficFigures())
        }
        return (figures, newest.at - oldest.at)
    }

    /// As people see it, the newest release first. Releases that neither serve nor have served are left out.
    func status(of route: Route) -> [TrafficStatus] {
        let (figures, length) = counted
        let total = figures.values.reduce(0) { $0 + $1.requests }
        let releases = Set(route.targets.map(\.release)).union(figures.filter { $0.value.requests > 0 }.keys)
        return releases.sorted(by: >).map { release in
            let mine = figures[release] ?? TrafficFigures()
            return TrafficStatus(
                process: route.key.process, release: release, weight: Int(route.share(of: release) * 100),
                measuredWeight: total > 0 ? Int(Double(mine.requests) * 10_000 / Double(total)) : nil,
                requests: mine.requests, errors: mine.errors, p95InMilliseconds: mine.percentile(95),
                windowInSeconds: length.wholeSecondsRoundedUp)
        }
    }
}
