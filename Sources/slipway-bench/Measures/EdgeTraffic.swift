/// What a request through the edge costs over one that goes to the instance itself.
struct EdgeTraffic: Measure {
    enum Figure: Sendable { case throughput, slowest }
    let figure: Figure

    var name: String { figure == .throughput ? "edge_throughput" : "edge_p99" }
    var summary: String {
        switch figure {
        case .throughput: "time for 4,000 requests on 16 kept connections, through the edge"
        case .slowest: "99 of 100 requests through the edge, 4 at a time, are answered within"
        }
    }
    let unit = Unit.milliseconds
    var aim: String { figure == .throughput ? "ratio ≤ 2.5" : "baseline + 5 ms" }
    let against = "the same requests straight to the instance"
    let needsEngine = false

    func run(_ bench: Bench) async throws -> Samples {
        try await EdgeBench.with(bench) { [self] world in
            try await world.fill(1)
            var samples = Samples()
            for _ in 0..<5 {
                samples.add(
                    try await requests(world, port: world.port),
                    baseline: try await requests(world, port: world.servers[0]))
            }
            return samples
        }
    }

    private func requests(_ world: EdgeBench, port: Int) async throws -> Double {
        let (lanes, count) = figure == .throughput ? (16, 250) : (4, 500)
        let watch = Stopwatch()
        let times = try await withThrowingTaskGroup(of: [Double].self) { group in
            for _ in 0..<lanes {
                group.addTask {
                    var times: [Double] = []
                    for _ in 0..<count {
                        let one = Stopwatch()
                        _ = try await world.answer(0, port: port)
                        times.append(one.milliseconds)
                    }
                    return times
                }
            }
            var all: [Double] = []
            for try await some in group { all += some }
            return all.sorted()
        }
        switch figure {
        case .throughput: return watch.milliseconds
        case .slowest: return times[min(times.count - 1, times.count * 99 / 100)]
        }
    }
}

/// What HAProxy holds in memory for ten thousand apps.
struct EdgeMemory: Measure {
    let name = "edge_rss_10k"
    let summary = "resident memory of HAProxy with 10,000 apps behind it"
    let unit = Unit.mebibytes
    let aim = "≤ 512 MiB"
    let against = "the same with one app"
    let needsEngine = false

    func run(_ bench: Bench) async throws -> Samples {
        var samples = Samples()
        samples.add(try await memory(bench, apps: 10_000), baseline: try await memory(bench, apps: 1))
        return samples
    }

    private func memory(_ bench: Bench, apps: Int) async throws -> Double {
        try await EdgeBench.with(bench) { world in
            try await world.fill(apps)
            _ = try await world.answer(0)
            return try await world.residentMebibytes(bench)
        }
    }
}
