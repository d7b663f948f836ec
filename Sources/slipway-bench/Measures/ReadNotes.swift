import GitSource
import Model
import Ports

/// What a controller with an empty store reads of the notes: as much as there are apps, however many commits have one.
struct ReadNotes: Measure {
    let name = "read_notes_10k"
    let summary = "reading what 10,000 commits' notes say of 1,000 apps, with an empty store"
    let unit = Unit.processorMilliseconds
    let aim = "as with 100 commits"
    let against = "the same for 1,000 apps and 100 commits"
    let needsEngine = false
    private let apps = 1_000

    func run(_ bench: Bench) async throws -> Samples {
        try await bench.withFolder { folder in
            let many = try await notes(bench, folder + "/many", commits: 10_000)
            let few = try await notes(bench, folder + "/few", commits: 100)
            var samples = Samples()
            for round in 0..<11 {
                let time = try await read(bench, many, "\(folder)/many")
                let baseline = try await read(bench, few, "\(folder)/few")
                if round > 0 { samples.add(time, baseline: baseline) }
            }
            return samples
        }
    }

    private func names() throws -> [AppName] {
        try (0..<apps).map { number in
            guard let name = AppName(SampleSpecs.name(number)) else { throw BenchError("no name") }
            return name
        }
    }

    /// The fetch is not counted: it brings what was missing and nothing else. A repository that was just opened has
    /// nothing in mind yet.
    private func read(_ bench: Bench, _ world: GitWorld, _ folder: String) async throws -> Double {
        let repository = try Running.gitRepository(bench, of: world.path, in: folder)
        _ = try await repository.fetch(branch: "main")
        let before = Usage.processorMilliseconds()
        let found = try await repository.ledgers(of: try Running.installation(), apps: try names())
        let used = Usage.processorMilliseconds() - before
        guard found.count == apps else { throw BenchError("\(found.count) of \(apps) ledgers were read") }
        return used
    }

    private func notes(_ bench: Bench, _ folder: String, commits: Int) async throws -> GitWorld {
        try await bench.command(["/usr/bin/env", "mkdir", folder])
        let world = try await GitWorld(bench, path: "\(folder)/apps.git")
        try await world.commit(["README": "x"], parent: false)
        let writer = try GitRepository(
            configuration: GitRepositoryConfiguration(
                url: world.path, mirrorDirectory: "\(folder)/writer",
                fetchHelper: try bench.program("slipway-fetch"), pushCredentials: GitCredentials.none,
                limits: GitLimits(fetchTimeout: .seconds(300)), allowsLocal: true), pool: bench.pool)
        for start in stride(from: 0, to: commits, by: 500) {
            let outcomes = try (start..<min(start + 500, commits)).map(outcome)
            try await writer.publish(outcomes, start == 0 ? try names().map(ledger) : [])
        }
        return world
    }

    private func outcome(_ number: Int) throws -> OutcomeRecord {
        // Ids are spread as hashes are.
        let digits = String(UInt64(number &+ 1) &* 0x9e37_79b9_7f4a_7c15, radix: 16)
        guard let commit = CommitID(String((digits + String(repeating: "0", count: 40)).prefix(40))),
            let app = AppName(SampleSpecs.name(number % apps)), let source = SourceName("main")
        else { throw BenchError("no commit") }
        let time = WallTime(secondsSince1970: 1_700_000_000 + Int64(number))
        return OutcomeRecord(
            installation: try Running.installation(), source: source, app: app, release: .first,
            commit: commit,
            path: "apps/\(app).yaml", image: "registry.example.com/app@sha256:1", verdict: .succeeded,
            because: "",
            evidence: [], startedAt: time, endedAt: time)
    }

    private func ledger(_ app: AppName) throws -> AppLedger {
        guard let commit = CommitID(String(repeating: "1", count: 40)), let source = SourceName("main"),
            let digest = ContentDigest("sha256:" + String(repeating: "1", count: 64))
        else { throw BenchError("no commit") }
        return AppLedger(
            installation: try Running.installation(), app: app, source: source, nextRelease: .first.next,
            lastGood: AppLedger.ProvenRelease(
                number: .first, commit: commit, path: "apps/\(app).yaml", spec: digest, image: digest,
                isFromRegistry: true), failed: [], updatedAt: WallTime(secondsSince1970: 1_700_000_000))
    }
}
