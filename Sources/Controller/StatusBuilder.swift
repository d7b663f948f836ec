import Model
import Planning

/// Renders what the controller knows of an app as the status model.
struct StatusBuilder {
    let now: Instant

    func status(_ name: AppName, _ record: AppRecord) -> AppStatus {
        let memory = record.memory
        let elapsed = max(0, (now - record.plannedAt).milliseconds / 1_000)
        let view = record.view
        return AppStatus(
            name: name, project: record.candidate?.spec.project ?? memory.project, source: memory.source,
            path: memory.path, verdict: view?.verdict ?? .unknown, phase: view?.phase ?? "",
            wanted: wanted(record), running: memory.lastGood.map(release), processes: processes(record),
            instances: record.instances.values.sorted { $0.name < $1.name }.map { instance($0, record) },
            rollout: view?.rollout.map { aged($0, elapsed) },
            sinceSeconds: max(0, (now - memory.verdictSince).milliseconds / 1_000),
            because: (view?.because ?? [notPlanned(name)]).map { aged($0, elapsed) },
            diagnostics: diagnostics(record), isPaused: memory.isPaused,
            cron: view?.cron.flatMap { $0.isEmpty ? nil : $0 })
    }

    private func notPlanned(_ name: AppName) -> Blocker {
        Blocker(cause: .starting, object: name.rawValue, message: "the controller has not looked at it yet")
    }

    private func diagnostics(_ record: AppRecord) -> [Diagnostic] {
        if case .keep(_, let diagnostics, _) = record.desired { return diagnostics }
        return []
    }

    private func wanted(_ record: AppRecord) -> ReleaseStatus? {
        let memory = record.memory
        if let rollout = memory.rollout, rollout.target.specDigest == record.candidate?.digest {
            return release(rollout.target)
        }
        guard let candidate = record.candidate else { return nil }
        if let lastGood = memory.lastGood, lastGood.specDigest == candidate.digest {
            return release(lastGood)
        }
        let failed = memory.quarantine.last { $0.spec == candidate.digest }
        return ReleaseStatus(
            number: failed?.release, commit: candidate.origin.commit, image: candidate.spec.image,
            digest: failed?.image ?? record.prepared?.image.digest, specDigest: candidate.digest)
    }

    private func release(_ release: Release) -> ReleaseStatus {
        ReleaseStatus(
            number: release.number, commit: release.origin.commit, image: release.spec.image,
            digest: release.image.digest, specDigest: release.specDigest)
    }

    private func processes(_ record: AppRecord) -> [ProcessStatus] {
        let wanted =
            record.memory.rollout?.target.spec ?? record.memory.lastGood?.spec ?? record.candidate?.spec
        var names = Set(record.instances.values.map(\.labels.process))
        for process in wanted?.processes ?? [] { names.insert(process.name) }
        return names.sorted().map { name in
            var status = ProcessStatus(
                name: name, want: wanted?.process(name)?.effectiveReplicas ?? 0, have: 0, ready: 0)
            for instance in record.instances.values where instance.labels.process == name {
                if instance.state.isLive { status.have += 1 }
                let isReady = record.health[instance.id]?.readiness == .ready
                if instance.state == .running, isReady { status.ready += 1 }
            }
            return status
        }
    }

    private func instance(_ instance: ObservedInstance, _ record: AppRecord) -> InstanceStatus {
        let health = record.health[instance.id]
        return InstanceStatus(
            id: instance.id, name: instance.name, process: instance.labels.process,
            release: instance.labels.release, state: instance.state.word,
            health: health?.readiness.rawValue ?? "unknown",
            healthSinceSeconds: health.map { max(0, (now - $0.since).milliseconds / 1_000) } ?? 0,
            restarts: max(instance.restartCount, health?.crashes ?? 0), address: instance.address,
            message: health?.message ?? "")
    }

    private func aged(_ blocker: Blocker, _ elapsed: Int64) -> Blocker {
        var blocker = blocker
        blocker.sinceSeconds = blocker.sinceSeconds.map { $0 + elapsed }
        blocker.nextAttemptInSeconds = blocker.nextAttemptInSeconds.map { max(0, $0 - elapsed) }
        return blocker
    }

    private func aged(_ rollout: RolloutStatus, _ elapsed: Int64) -> RolloutStatus {
        var rollout = rollout
        rollout.deadlineInSeconds = rollout.deadlineInSeconds.map { max(0, $0 - elapsed) }
        rollout.nextInSeconds = rollout.nextInSeconds.map { max(0, $0 - elapsed) }
        return rollout
    }
}

extension ContainerState {
    var word: String {
        switch self {
        case .created: "created"
        case .running: "running"
        case .paused: "paused"
        case .restarting: "restarting"
        case .exited: "exited"
        case .removing: "removing"
        case .dead: "dead"
        }
    }
}
