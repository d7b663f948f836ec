import Model
import Planning
import SpecLoading

/// From the bytes of changed files to the first actions, for 1,000 apps; no input or output.
struct PlanChanges: Measure {
    let name = "plan_1k_changes"
    let summary = "loading and planning 1,000 changed apps"
    let unit = Unit.processorMilliseconds
    let aim = "≤ 250 ms CPU"
    let against = "writing the same 1,000 specs as JSON"
    let needsEngine = false
    private let count = 1_000

    private struct App {
        var path: String
        var changed: String
        var memory: AppMemory
        var instance: ObservedInstance
    }

    func run(_ bench: Bench) async throws -> Samples {
        let apps = try (0..<count).map(makeApp)
        var samples = Samples()
        for round in 0..<11 {
            let before = Usage.processorMilliseconds()
            let plans = try apps.map(plan)
            let time = Usage.processorMilliseconds() - before
            guard plans.allSatisfy({ $0.actions.contains { $0.kind == .launch } }) else {
                throw BenchError("a changed app was not rolled out")
            }
            let specs = try apps.map { try SampleSpecs.load($0.changed, path: $0.path).spec }
            let writing = Usage.processorMilliseconds()
            for spec in specs { _ = try WireCoding.encode(spec) }
            if round > 0 { samples.add(time, baseline: Usage.processorMilliseconds() - writing) }
        }
        return samples
    }

    private func plan(_ app: App) throws -> AppPlan {
        let loaded = try SampleSpecs.load(app.changed, path: app.path)
        let image = try image(version: 2)
        let templates = Templates.templates(for: loaded.spec, image: image, naming: naming)
        let candidate = Candidate(
            spec: loaded.spec, digest: loaded.digest, origin: try origin(app.path, commit: "2"))
        return Planner.plan(
            AppInput(
                app: loaded.spec.name, now: now, wall: wall, installation: try Running.installation(),
                naming: naming,
                desired: .spec(candidate), memory: app.memory, instances: [app.instance],
                health: [app.instance.id: InstanceHealth(app.instance, now: .zero)],
                recordedNames: [app.instance.id: app.instance.name],
                prepared: PreparedRelease(specDigest: loaded.digest, image: image, templates: templates)))
    }

    private var naming: Naming { Naming(prefix: "") }
    private var now: Instant { Instant(nanoseconds: 3_600_000_000_000) }
    private var wall: WallTime { WallTime(secondsSince1970: 1_700_000_000) }

    private func image(version: Int) throws -> ResolvedImage {
        let repository = "registry.example.com/app"
        let hex = String(repeating: "\(version)", count: 64)
        guard let digest = ContentDigest("sha256:\(hex)") else { throw BenchError("no digest") }
        return ResolvedImage(
            reference: "\(repository):\(version)", pinned: "\(repository)@\(digest)", digest: digest,
            isFromRegistry: true)
    }

    private func origin(_ path: String, commit digit: Character) throws -> SpecOrigin {
        guard let source = SourceName("main"), let id = CommitID(String(repeating: digit, count: 40)) else {
            throw BenchError("no commit")
        }
        return SpecOrigin(
            source: source, path: path,
            commit: CommitInfo(id: id, subject: "change", author: "bench", time: wall))
    }

    /// An app whose first release runs, and whose file asks for the second.
    private func makeApp(_ number: Int) throws -> App {
        let path = "apps/\(SampleSpecs.name(number)).yaml"
        let loaded = try SampleSpecs.load(
            SampleSpecs.worker(number, image: "registry.example.com/app:1"), path: path)
        let image = try image(version: 1)
        let origin = try origin(path, commit: "1")
        let release = Release(
            number: .first, spec: loaded.spec, specDigest: loaded.digest, image: image, origin: origin,
            templates: Templates.templates(for: loaded.spec, image: image, naming: naming))
        var memory = AppMemory(source: origin.source, path: path, project: loaded.spec.project, now: .zero)
        memory.lastGood = release
        memory.nextRelease = ReleaseNumber.first.next
        return App(
            path: path, changed: SampleSpecs.worker(number, image: "registry.example.com/app:2"),
            memory: memory,
            instance: try instance(number, of: release))
    }

    private func instance(_ number: Int, of release: Release) throws -> ObservedInstance {
        guard let process = release.spec.processes.first, let template = release.templates[process.name],
            let id = ContainerID("c\(number)")
        else { throw BenchError("the sample spec has no process") }
        let settings = template.container
        return ObservedInstance(
            id: id,
            name: naming.container(
                app: release.app, process: process.name, release: release.number, index: 1),
            labels: InstanceLabels(
                installation: try Running.installation(), project: release.spec.project, app: release.app,
                process: process.name, release: release.number, spec: release.specDigest,
                template: template.digest,
                source: release.origin.source, path: release.origin.path, commit: release.origin.commit.id),
            state: .running, startStamp: "1", restartCount: 0, address: "10.0.0.2",
            effective: EffectiveSettings(
                nanoCPUs: settings.nanoCPUs, memoryInBytes: settings.memoryInBytes, restart: settings.restart,
                networks: [settings.network]),
            image: release.image.pinned)
    }
}
