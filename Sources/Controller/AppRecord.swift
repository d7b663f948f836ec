import Model
import Planning

/// What the controller knows of one app just now.
///
/// A value with one reference inside: a dictionary of records copies a whole element for each look at it, and ten
/// thousand apps are looked at several times in a pass.
struct AppRecord {
    /// The last time that an action was done, and how often in a row.
    struct Success {
        var times: Int
        var at: Instant
        var action: Action
        /// Of its container, as it was read afterwards.
        var startStamp: String?
    }

    // Safe to send: it is written only while one record alone refers to it.
    private final class Storage: @unchecked Sendable {
        var memory: AppMemory
        var desired: DesiredApp
        var instances: [ContainerID: ObservedInstance] = [:]
        var health: [ContainerID: InstanceHealth] = [:]
        var jobs: [ContainerID: ObservedInstance] = [:]
        var jobsSince: [ContainerID: Instant] = [:]
        var jobLogs: [ContainerID: [String]] = [:]
        var unseen: [ContainerID: String] = [:]
        var inherited: [String: Instant] = [:]
        var inFlight: [Int64: Action] = [:]
        var failures: [ActionKey: ActionFailure] = [:]
        var livenessRestarts: [String: Int] = [:]
        var successes: [ActionKey: Success] = [:]
        var prepared: PreparedRelease?
        var analysis = AnalysisState()
        var view: PlanView?
        var plannedAt = Instant.zero

        init(memory: AppMemory, desired: DesiredApp) {
            self.memory = memory
            self.desired = desired
        }

        init(copying other: Storage) {
            memory = other.memory
            desired = other.desired
            instances = other.instances
            health = other.health
            jobs = other.jobs
            jobsSince = other.jobsSince
            jobLogs = other.jobLogs
            unseen = other.unseen
            inherited = other.inherited
            inFlight = other.inFlight
            failures = other.failures
            livenessRestarts = other.livenessRestarts
            successes = other.successes
            prepared = other.prepared
            analysis = other.analysis
            view = other.view
            plannedAt = other.plannedAt
        }
    }
    private var storage: Storage

    init(memory: AppMemory, desired: DesiredApp) { storage = Storage(memory: memory, desired: desired) }

    private mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&storage) { storage = Storage(copying: storage) }
    }

    var memory: AppMemory {
        get { storage.memory }
        _modify {
            makeUnique()
            yield &storage.memory
        }
    }
    var desired: DesiredApp {
        get { storage.desired }
        _modify {
            makeUnique()
            yield &storage.desired
        }
    }
    var instances: [ContainerID: ObservedInstance] {
        get { storage.instances }
        _modify {
            makeUnique()
            yield &storage.instances
        }
    }
    var health: [ContainerID: InstanceHealth] {
        get { storage.health }
        _modify {
            makeUnique()
            yield &storage.health
        }
    }
    /// Containers of its jobs.
    var jobs: [ContainerID: ObservedInstance] {
        get { storage.jobs }
        _modify {
            makeUnique()
            yield &storage.jobs
        }
    }
    /// Since when each of them was seen to run.
    var jobsSince: [ContainerID: Instant] {
        get { storage.jobsSince }
        _modify {
            makeUnique()
            yield &storage.jobsSince
        }
    }
    /// The last lines of jobs that the planner has asked about.
    var jobLogs: [ContainerID: [String]] {
        get { storage.jobLogs }
        _modify {
            makeUnique()
            yield &storage.jobLogs
        }
    }
    /// Containers that are ours for all that is known, by their names, that could not be read since the start.
    var unseen: [ContainerID: String] {
        get { storage.unseen }
        _modify {
            makeUnique()
            yield &storage.unseen
        }
    }
    /// Names of containers that the last run had asked the engine to take down, and until when that may be going on.
    var inherited: [String: Instant] {
        get { storage.inherited }
        _modify {
            makeUnique()
            yield &storage.inherited
        }
    }
    /// Actions under way, by the sequence of their intent.
    var inFlight: [Int64: Action] {
        get { storage.inFlight }
        _modify {
            makeUnique()
            yield &storage.inFlight
        }
    }
    var failures: [ActionKey: ActionFailure] {
        get { storage.failures }
        _modify {
            makeUnique()
            yield &storage.failures
        }
    }
    /// Restarts for failed probes, by the name of the container, over its replacements.
    var livenessRestarts: [String: Int] {
        get { storage.livenessRestarts }
        _modify {
            makeUnique()
            yield &storage.livenessRestarts
        }
    }
    /// What was done lately and how often, to see what has no effect.
    var successes: [ActionKey: Success] {
        get { storage.successes }
        _modify {
            makeUnique()
            yield &storage.successes
        }
    }
    var prepared: PreparedRelease? {
        get { storage.prepared }
        _modify {
            makeUnique()
            yield &storage.prepared
        }
    }
    /// The checks of the present step of its rollout.
    var analysis: AnalysisState {
        get { storage.analysis }
        _modify {
            makeUnique()
            yield &storage.analysis
        }
    }
    /// The last plan's view, for the status; times in it are as of `plannedAt`.
    var view: PlanView? {
        get { storage.view }
        _modify {
            makeUnique()
            yield &storage.view
        }
    }
    var plannedAt: Instant {
        get { storage.plannedAt }
        _modify {
            makeUnique()
            yield &storage.plannedAt
        }
    }

    /// The part of a plan that people see.
    struct PlanView {
        var verdict: Verdict
        var phase: String
        var because: [Blocker]
        var rollout: RolloutStatus?
        var cron: [CronStatus]?
    }

    var candidate: Candidate? {
        if case .spec(let candidate) = desired { return candidate }
        return nil
    }

    /// The spec that instances of a process are probed by: that of the release they were made from.
    func process(of instance: ObservedInstance) -> ProcessSpec? {
        let process = instance.labels.process
        return Planner.probedProcess(of: instance, memory) ?? candidate?.spec.process(process)
            ?? memory.lastGood?.spec.process(process)
    }
}

extension AppRecord {
    /// What was found running and could not be asked until now is as undecided as it was, and has its time from now on.
    mutating func giveTime(now: Instant) {
        for (id, known) in health where known.isUndecided { health[id]?.stoodStill(now: now) }
    }
}
