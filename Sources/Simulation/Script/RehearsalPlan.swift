public import Model
public import Ports
internal import SpecLoading

/// One state of a config repository.
public struct RehearsalCommit: Sendable {
    public var snapshot: any TreeSnapshot
    /// All of its files, as a comparison with nothing gives them.
    public var files: TreeChanges

    public init(snapshot: any TreeSnapshot, files: TreeChanges) {
        self.snapshot = snapshot
        self.files = files
    }
}

/// What is to be rehearsed: a commit that comes upon what another one has made.
public struct RehearsalPlan: Sendable {
    /// `nil`: nothing runs before.
    public var base: RehearsalCommit?
    public var head: RehearsalCommit
    /// The folder of the specs; empty for the whole repository.
    public var path: String
    /// Of apps whose spec names none.
    public var project: ProjectName

    public init(base: RehearsalCommit?, head: RehearsalCommit, path: String, project: ProjectName) {
        self.base = base
        self.head = head
        self.path = path
        self.project = project
    }
}

/// What happens to a commit on its way.
public enum RehearsalScenario: String, Sendable, Hashable, CaseIterable, Codable {
    /// Every new release is healthy.
    case good
    /// No new release becomes healthy; where an analysis looks at answers, they are errors.
    case bad
    /// The registry is away for 10 minutes when the commit arrives.
    case registry
    /// The host reboots in the middle and is away for a minute.
    case host
}

/// The specs of both states, as far as they load.
struct RehearsalSpecs {
    var base: [AppName: AppSpec] = [:]
    var head: [AppName: AppSpec] = [:]
    var hasEdge = false
    var hasCommand = false

    init(_ plan: RehearsalPlan) {
        base = plan.base.map { Self.load($0, plan.project) } ?? [:]
        head = Self.load(plan.head, plan.project)
        hasCommand = head.values.contains { $0.release != nil }
        hasEdge = (Array(base.values) + head.values).contains { spec in
            spec.processes.contains(where: \.isRouted)
        }
    }

    private static func load(_ commit: RehearsalCommit, _ project: ProjectName) -> [AppName: AppSpec] {
        let loader = SpecLoader(project: project, hasEdge: true)
        var specs: [AppName: AppSpec] = [:]
        for path in commit.files.changed where SpecPaths.isSpec(path) {
            // What cannot be read is the controller's to complain of.
            guard let bytes = try? commit.snapshot.read(path, maximumSizeInBytes: 1 << 20) else { continue }
            let file = loader.load(path: path, bytes: bytes) { path in
                try commit.snapshot.read(path, maximumSizeInBytes: 1 << 20)
            }
            for loaded in file.specs where specs[loaded.spec.name] == nil {
                specs[loaded.spec.name] = loaded.spec
            }
        }
        return specs
    }

    /// The longest that anything waits for time alone.
    var longestWait: TimeSpan {
        (Array(base.values) + head.values).reduce(.minutes(6)) { longest, spec in
            max(
                longest, spec.deploy.effectiveBake, spec.deploy.effectiveTimeout,
                spec.deploy.effectiveMinHealthyTime)
        }
    }

    /// How a bad release of the app shows itself.
    func badness(of app: AppName, lastGood: ReleaseNumber?) -> WorldScript.BadRelease? {
        guard let spec = head[app] else { return nil }
        let isRouted = spec.processes.contains(where: \.isRouted)
        var checks: [HealthcheckSpec.Check] = []
        var isJudged = false
        for analysis in Self.judges(spec) ? spec.deploy.analysis ?? [] : [] {
            switch analysis.check {
            case .metric: isJudged = isJudged || isRouted
            case .command(let command): checks.append(.command(command))
            // There is no Prometheus in the rehearsal.
            case .prometheus: break
            case .http(let path): checks.append(.http(path: path, host: nil, port: nil))
            }
        }
        // A question that is the health check itself is answered well by whatever is healthy.
        checks.removeAll { check in spec.processes.contains { $0.healthcheck?.check == check } }
        isJudged = lastGood != nil && (isJudged || !checks.isEmpty)
        var tempers: [ProcessName: ImageTemper] = [:]
        for process in spec.processes {
            let isAsked = process.healthcheck != nil || process.port != nil
            tempers[process.name] = isJudged ? .errors : isAsked ? .sick : .crash
        }
        return WorldScript.BadRelease(
            lastGood: lastGood, tempers: tempers, analysis: isJudged ? checks : [])
    }

    private static func judges(_ spec: AppSpec) -> Bool { spec.deploy.effectiveStrategy.movesTraffic }
}
