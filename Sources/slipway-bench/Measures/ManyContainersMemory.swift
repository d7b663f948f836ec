import Execution
import Glibc
import HTTPClient
import Model

/// The most memory that `slipwayd` needs with 100 containers on a real engine, over one with none.
struct ManyContainersMemory: Measure {
    let name = "rss_100_containers"
    let summary = "peak memory of slipwayd while it brings up and watches 100 containers in 10 apps"
    let unit = Unit.mebibytes
    let aim = "≤ 64 MiB"
    let against = "the same program with no app"
    let needsEngine = true

    func run(_ bench: Bench) async throws -> Samples {
        try await EngineWorld.with(bench) { world in
            let idle = try await measure(world, apps: 0)
            return Samples(values: [try await measure(world, apps: 10)], baselines: [idle])
        }
    }

    private func measure(_ world: EngineWorld, apps: Int) async throws -> Double {
        try await world.bench.withFolder { folder in
            let git = try await GitWorld(world.bench, path: "\(folder)/apps.git")
            var files = ["README.md": "Specs of the bench."]
            for number in 0..<apps {
                files["\(SampleSpecs.name(number)).yaml"] = SampleSpecs.web(
                    SampleSpecs.name(number), image: world.images[0], replicas: 10, surge: 3)
            }
            try await git.commit(files, parent: false)
            let daemon = Daemon(world: world, folder: folder, repository: git.path)
            return try await daemon.peak(apps: apps)
        }
    }

    private struct Daemon: Sendable {
        let world: EngineWorld
        let folder: String
        let repository: String

        /// Runs `slipwayd` until its apps are converged and a little longer, and returns its peak in MiB.
        func peak(apps: Int) async throws -> Double {
            let program = try world.bench.program("slipwayd")
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await run(program) }
                let peak: Double
                do {
                    peak = try await watch(apps: apps)
                } catch {
                    try await end()
                    throw error
                }
                try await end()
                try await group.waitForAll()
                return peak
            }
        }

        private func run(_ program: String) async throws {
            // The shell leaves its own number behind and becomes the program.
            let script = #"echo $$ >"$0/pid" && exec "$@" 2>"$0/log""#
            try await world.bench.command([
                "/bin/sh", "-c", script, folder, program, "--repo", repository, "--state-dir",
                "\(folder)/state",
                "--socket", "\(folder)/api.sock", "--docker-socket", world.bench.engineSocket,
                "--installation", world.installation.rawValue, "--name-prefix", "\(world.installation)-"
            ])
        }

        private func watch(apps: Int) async throws -> Double {
            let client = HTTPClient()
            let request = HTTPRequest(
                url: "http://slipway/v1/status", unixSocket: "\(folder)/api.sock", timeout: .seconds(30))
            func isConverged() async throws -> Bool {
                let response: HTTPResponse
                do throws(HTTPError) {
                    response = try await client.send(request)
                } catch {
                    return false  // It does not listen yet.
                }
                guard response.status == 200 else { return false }
                let status = try WireCoding.decode(InstallationStatus.self, from: response.body)
                return status.engine.isReachable && status.sources.allSatisfy { $0.commit != nil }
                    && status.apps.count == apps && status.apps.allSatisfy { $0.verdict == .converged }
            }
            try await waitUntil(
                "slipwayd with \(apps) apps", timeout: .seconds(280), step: .milliseconds(100)
            ) {
                try await isConverged()
            }
            // A few rounds of probes and of status pages on top.
            for _ in 0..<50 {
                guard try await isConverged() else { throw BenchError("slipwayd did not stay converged") }
                try await Task.sleep(for: .milliseconds(200))
            }
            return try Usage.peakMebibytes(process: try await process())
        }

        private func process() async throws -> String {
            String(
                try await world.bench.command(["/usr/bin/env", "cat", "\(folder)/pid"]).prefix { $0.isNumber }
            )
        }

        private func end() async throws {
            guard let number = Int32(try await process()), number > 1 else { return }
            kill(number, SIGTERM)
        }
    }
}
