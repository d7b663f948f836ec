import Model

/// What a spec promises of counts and times, worked out from the words of the spec alone.
///
/// Not shared with the planner: two readings of the same promise are what makes a checker worth having.
enum Limits {
    /// Old instances are gone before new ones come: said so, or one writer owns a volume.
    static func isStopFirst(_ process: ProcessName, in spec: AppSpec) -> Bool {
        guard let found = spec.process(process) else { return false }
        return spec.deploy.strategy == .recreate || hasSingleWriter(found, in: spec)
    }

    /// At most one instance may have the volume open for writing.
    static func hasSingleWriter(_ process: ProcessSpec, in spec: AppSpec) -> Bool {
        guard process.effectiveReplicas < 2 else { return false }
        return process.volumes.contains { !$0.isReadOnly && spec.volumes[$0.volume]?.shared != true }
    }

    static func want(_ process: ProcessName, in spec: AppSpec?) -> Int {
        spec?.process(process)?.effectiveReplicas ?? 0
    }

    /// How many of `total` may be missing.
    static func unavailable(_ deploy: DeploySpec, of total: Int) -> Int {
        switch deploy.maxUnavailable {
        case nil: 0
        case .count(let count): min(count, total)
        case .percent(let percent): min(total * percent / 100, total)
        }
    }

    /// How many may be there beyond `total`; a spec that allows neither more nor fewer is given one more.
    static func surge(_ deploy: DeploySpec, of total: Int) -> Int {
        let surge =
            switch deploy.maxSurge {
            case nil: (total + 3) / 4
            case .count(let count): count
            case .percent(let percent): (total * percent + 99) / 100
            }
        return surge == 0 && unavailable(deploy, of: total) == 0 ? 1 : surge
    }

    /// Instances that a step of `share` per cent has, of `want`.
    static func instances(ofStep share: Int, want: Int) -> Int { (want * share + 99) / 100 }

    /// How long an instance that answers no more may pass for ready: so many probes in a row have to fail first.
    static func detection(_ process: ProcessSpec?) -> TimeSpan {
        guard let process else { return .zero }
        guard let check = process.healthcheck else {
            return process.port == nil ? .zero : .seconds(45)
        }
        let once = check.effectiveInterval.milliseconds + check.effectiveTimeout.milliseconds
        return .milliseconds(once * Int64(max(1, check.effectiveRetries)))
    }

    /// How long an instance that answers may pass for one that is starting: until the next probe, and as long as the
    /// one under way may wait for its answer.
    static func awakening(_ process: ProcessSpec?) -> TimeSpan {
        guard let check = process?.healthcheck else { return .seconds(process?.port == nil ? 0 : 6) }
        return check.effectiveStartInterval.and(check.effectiveTimeout)
    }
}

extension Instant {
    func earlier(by span: TimeSpan) -> Instant { self + .milliseconds(-span.milliseconds) }
}

extension TimeSpan {
    func and(_ other: TimeSpan) -> TimeSpan { .milliseconds(milliseconds + other.milliseconds) }
    func times(_ count: Int) -> TimeSpan { .milliseconds(milliseconds * Int64(count)) }
}
