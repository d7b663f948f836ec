internal import Model
internal import Ports

/// What a world does that follows a script instead of a seed. Nothing in it is left to chance.
///
/// Safe to send: everything of a simulation runs on one thread.
final class WorldScript: @unchecked Sendable {
    let path: String
    let project: ProjectName
    /// Hears of everything that happens.
    var observe: (Happening) -> Void = { _ in }
    /// Apps whose release above the given number goes wrong, and how by process.
    var bad: [AppName: BadRelease] = [:]
    private var commits: [CommitID: RehearsalCommit] = [:]
    private(set) var head: CommitID?

    struct BadRelease {
        /// Instances of this release and of those before it are well.
        var lastGood: ReleaseNumber?
        var tempers: [ProcessName: ImageTemper]
        var analysis: [HealthcheckSpec.Check]
    }

    init(path: String, project: ProjectName) {
        self.path = path
        self.project = project
    }

    func push(_ commit: RehearsalCommit) {
        commits[commit.snapshot.commit.id] = commit
        head = commit.snapshot.commit.id
    }

    // MARK: What the world asks

    func fetch() throws(SourceError) -> CommitID {
        guard let head else { throw SourceError(.branchGone, "nothing has been pushed") }
        return head
    }

    func snapshot(at commit: CommitID) throws(SourceError) -> any TreeSnapshot {
        try found(commit).snapshot
    }

    func files(at commit: CommitID) throws(SourceError) -> TreeChanges { try found(commit).files }

    private func found(_ commit: CommitID) throws(SourceError) -> RehearsalCommit {
        guard let found = commits[commit] else { throw SourceError(.notFound, "no commit \(commit)") }
        return found
    }

    func temper(_ labels: InstanceLabels) -> ImageTemper {
        guard let bad = bad[labels.app] else { return .good }
        if let lastGood = bad.lastGood, labels.release <= lastGood { return .good }
        return bad.tempers[labels.process] ?? .good
    }

    /// What an instance that is not well says to the question.
    func answer(_ check: HealthcheckSpec.Check) -> String {
        switch check {
        case .http(let path, _, _): "GET \(path) answered 500"
        case .tcp: "connection refused"
        case .grpc: "the service is not serving"
        case .command: "the command exited with 1"
        }
    }

    /// Whether the question is one of a rollout's analysis, and not whether the instance is well.
    func isAnalysis(_ check: HealthcheckSpec.Check, of container: ContainerID) -> Bool {
        bad.values.contains { $0.analysis.contains(check) }
    }
}

/// How long things take in a world that follows a script.
enum ScriptedTimes {
    /// Milliseconds.
    static let pull = 5_000
    /// Of each process with a domain.
    static let requestsPerSecond = 20.0
    static let start = 1_000
    /// Nanoseconds from the call that starts an instance until it serves: its start, and a second of its own.
    static let readyAfterLaunch: Int64 = 2_000_000_000
    /// Nanoseconds from SIGTERM until a process is gone.
    static let stop: Int64 = 1_000_000_000
    /// Nanoseconds that a job runs.
    static let job: Int64 = 5_000_000_000
    /// Milliseconds between two ends of the six sessions that an instance has when it begins to drain.
    static let session: Int64 = 333

    static func pullTime(isThere: Bool) -> ClosedRange<Int> {
        let time = isThere ? 30 : pull
        return time...time
    }

    /// What has been assumed, for people.
    static func sentences(hasEdge: Bool, hasCommand: Bool) -> [String] {
        let command = "a release command takes 5 s and does its work"
        let requests = "each process with a domain gets 20 requests a second"
        return [
            "the commit is noticed at once, as with a webhook; by polling it takes up to the poll interval",
            "an image is pulled in 5 s; one that is on the host already takes none",
            "a container starts in 1 s, and its app is ready 1 s later",
            "a process ends 1 s after SIGTERM, and requests that are open when it begins to drain within 2 s",
            "a person who is asked says yes at once"
        ] + (hasCommand ? [command] : []) + (hasEdge ? [requests] : [])
    }
}

extension World {
    /// What a start takes, in milliseconds.
    func startTime(_ drawn: ClosedRange<Int>) -> ClosedRange<Int> {
        script == nil ? drawn : ScriptedTimes.start...ScriptedTimes.start
    }
}
