import Model
import Planning

/// The planner with one proven release that has cron entries, and an engine of which jobs are all that matters.
struct CronBench {
    struct Start: Hashable {
        var name: String
        var at: Int64
    }

    static let app = AppName("shop").require
    var memory: AppMemory
    var now = Instant(nanoseconds: 1_000_000_000)
    /// Seconds since 1970: midnight of 26 November 2026.
    var wall: Int64 = 1_795_651_200
    var jobs: [ContainerID: ObservedInstance] = [:]
    var inFlight: [Action] = []
    var desired: DesiredApp = .keep([], diagnostics: [], isInvalid: false)
    var zones: [String: ZoneRules] = ["UTC": .utc]
    /// Of what runs: when it ends, and with which code; by container.
    var ends: [ContainerID: (at: Int64, code: Int)] = [:]
    /// Of an entry: how long it runs, and the codes of its tries, the last one for all that follow.
    var behaviors: [String: (seconds: Int64, codes: [Int])] = [:]
    var starts: [Start] = []
    var records: [CronRunRecord] = []
    var events: [PlannedEvent] = []
    var plan: AppPlan?
    private var nextID = 0
    private var tries: [String: Int] = [:]

    init(_ entries: [CronSpec]) {
        let source = SourceName("main").require
        memory = AppMemory(
            source: source, path: "shop.yaml", project: ProjectName("retail").require, now: now)
        deploy(entries)
    }

    /// A proven release with these entries takes the place of the one before.
    mutating func deploy(_ entries: [CronSpec], number: Int = 1) {
        var spec = AppSpec(
            name: Self.app, project: memory.project, image: "a:1",
            processes: [ProcessSpec(name: ProcessName("web").require, replicas: 0)])
        spec.cron = entries.isEmpty ? nil : entries.sorted { $0.name < $1.name }
        let digest = Self.digest(number)
        let template = ContainerTemplate(
            image: "a:1", command: ["serve"], env: ["SLIPWAY_PROCESS": "web"], files: [], mounts: [],
            nanoCPUs: nil, memoryInBytes: nil, restart: .always, stopGrace: .seconds(3), network: "net",
            aliases: ["shop"])
        let origin = SpecOrigin(
            source: memory.source, path: memory.path,
            commit: CommitInfo(
                id: CommitID(String(repeating: "a", count: 40)).require, subject: "", author: "",
                time: WallTime(secondsSince1970: 0)))
        memory.lastGood = Release(
            number: ReleaseNumber(number).require, spec: spec, specDigest: digest,
            image: ResolvedImage(reference: "a:1", pinned: "a:1", digest: digest, isFromRegistry: true),
            origin: origin,
            templates: [
                ProcessName("web").require: Release.Template(digest: Self.digest(0), container: template)
            ])
        memory.nextRelease = ReleaseNumber(number + 1).require
    }

    static func digest(_ number: Int) -> ContentDigest {
        let text = String(number)
        return ContentDigest("sha256:" + String(repeating: "0", count: 64 - text.count) + text).require
    }

    static func entry(
        _ name: String, _ schedule: String, _ change: (inout CronSpec) -> Void = { _ in }
    ) -> CronSpec {
        var spec = CronSpec(name: ProcessName(name).require, schedule: schedule, command: ["work"])
        change(&spec)
        return spec
    }

    // MARK: Time

    mutating func pass(seconds: Int64 = 1) {
        wall += seconds
        now = now + .seconds(seconds)
        endJobs()
    }

    private mutating func endJobs() {
        for (id, end) in ends where end.at <= wall {
            jobs[id]?.state = .exited(code: end.code, outOfMemory: false)
            ends[id] = nil
        }
    }

    /// Plans at this moment, takes the memory over, and does what is to be done; again, until nothing is.
    mutating func settle() {
        for _ in 0..<20 {
            decide()
            let actions = plan?.actions ?? []
            guard !actions.isEmpty else { return }
            for action in actions { perform(action) }
        }
    }

    /// Plans, and what is decided is durable; nothing of it is done.
    mutating func decide() {
        let plan = Planner.plan(input)
        self.plan = plan
        memory = plan.memory
        records += plan.cronRecords
        events += plan.events
    }

    /// Lets the clock go on, with a plan every second.
    mutating func run(seconds: Int64) {
        for _ in 0..<seconds {
            pass()
            settle()
        }
    }

    private var input: AppInput {
        AppInput(
            app: Self.app, now: now, wall: WallTime(secondsSince1970: wall),
            installation: InstallationName("test").require, naming: Naming(prefix: ""), desired: desired,
            memory: memory, instances: [], health: [:], jobs: jobs.values.sorted { $0.name < $1.name },
            inFlight: inFlight, zones: zones)
    }

    // MARK: The engine

    mutating func perform(_ action: Action) {
        switch action {
        case .createJob(let order):
            guard !jobs.values.contains(where: { $0.name == order.name }) else { return }
            nextID += 1
            let id = ContainerID("c\(nextID)").require
            jobs[id] = ObservedInstance(
                id: id, name: order.name, labels: order.labels, state: .created(error: nil), startStamp: "",
                restartCount: 0, address: nil,
                effective: EffectiveSettings(
                    nanoCPUs: nil, memoryInBytes: nil, restart: order.template.restart, networks: ["net"]),
                image: order.template.image)
        case .startJob(let id, let name):
            guard let job = jobs[id], case .created = job.state else { return }
            starts.append(Start(name: name, at: wall))
            jobs[id]?.state = .running
            let entry = job.labels.process.rawValue
            let behavior = behaviors[entry] ?? (1, [0])
            let number = tries[entry, default: 0]
            tries[entry] = number + 1
            ends[id] = (wall + behavior.seconds, behavior.codes[min(number, behavior.codes.count - 1)])
        case .stop(let id, _, _):
            jobs[id]?.state = .exited(code: 137, outOfMemory: false)
            ends[id] = nil
        case .remove(let id, _, _):
            jobs[id] = nil
            ends[id] = nil
        case .discardJob(let id, _):
            guard case .created? = jobs[id]?.state else { return }
            jobs[id] = nil
        default: break
        }
    }

    var running: [String] { jobs.values.filter { $0.state == .running }.map(\.name).sorted() }
    var status: CronStatus? { plan?.cron?.first }
    var outcomes: [String] { records.map { "\($0.run) \($0.outcome.rawValue)" } }
}
