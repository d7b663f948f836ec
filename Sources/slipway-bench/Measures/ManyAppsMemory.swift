import Model

/// The most memory that a process needs that holds a controller with 10,000 apps, over one without any.
struct ManyAppsMemory: Measure {
    let name = "rss_10k_apps"
    let summary =
        "peak memory of a controller at 10,000 simulated apps, engine, store and repository in memory included"
    let unit = Unit.mebibytes
    let aim = "≤ 120 MiB"
    let against = "the same process without apps"
    let needsEngine = false

    func run(_ bench: Bench) async throws -> Samples {
        var samples = Samples()
        for _ in 0..<3 {
            samples.add(try await child(bench, apps: 10_000), baseline: try await child(bench, apps: 0))
        }
        return samples
    }

    private func child(_ bench: Bench, apps: Int) async throws -> Double {
        let text = try await bench.command([try bench.program("slipway-bench"), "child", name, "\(apps)"])
        guard let value = Double(text.filter { !$0.isWhitespace }) else {
            throw BenchError("the child printed \(text.prefix(100))")
        }
        return value
    }

    /// In the child: converges, re-lists twice, and prints the peak.
    static func child(apps: Int) async throws {
        let world = SimulatedWorld()
        try await world.withConverged(apps: apps) { controller in
            guard apps > 0 else { return }
            for _ in 0..<2 { _ = try await world.relist(controller, apps: apps) }
        }
        print(try Usage.peakMebibytes())
    }
}
