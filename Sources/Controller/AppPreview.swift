import Model
import Planning
import SpecLoading

/// What one app would go through if `desired` were committed.
struct AppPreview {
    let name: AppName
    let desired: DesiredApp
    let record: AppRecord?

    private typealias AppPlan = PlanReport.AppPlan

    var plan: PlanReport.AppPlan {
        switch desired {
        case .spec(let candidate): preview(candidate)
        case .keep(let blockers, _, let isInvalid):
            unchanged(isInvalid ? .invalid : .none, blockers.map(\.message))
        case .remove: removal([])
        case .heldRemoval(_, let message): removal(["held for approval: \(message)"])
        }
    }

    private var running: Int { record?.instances.values.count { $0.state.isLive } ?? 0 }
    private var from: ReleaseNumber? { record?.memory.lastGood?.number }

    private func unchanged(_ change: PlanReport.AppPlan.Change, _ notes: [String]) -> PlanReport.AppPlan {
        PlanReport.AppPlan(
            app: name, change: change, from: from, to: from, changes: [], notes: notes, started: 0,
            stopped: 0,
            kept: running, lowestCapacity: running, hasDowntime: false)
    }

    private func removal(_ notes: [String]) -> PlanReport.AppPlan {
        PlanReport.AppPlan(
            app: name, change: .remove, from: from, to: nil, changes: [],
            notes: notes + ["all containers are removed, volumes are kept"], started: 0, stopped: running,
            kept: 0,
            lowestCapacity: 0, hasDowntime: true)
    }

    private func preview(_ candidate: Candidate) -> PlanReport.AppPlan {
        let old = record?.memory.lastGood
        if old?.specDigest == candidate.digest { return drift() ?? unchanged(.none, []) }
        if let entry = record?.memory.quarantine.last(where: { $0.spec == candidate.digest }) {
            return unchanged(.none, ["quarantined: \(entry.release) \(entry.failure.message)"])
        }
        let spec = candidate.spec
        var started = 0, kept = 0, lowest = 0
        var downtime: [String] = []
        for process in spec.processes {
            let want = process.effectiveReplicas
            let before = old?.spec.process(process.name)?.effectiveReplicas ?? 0
            if let old, isUntouched(process, spec, old.spec) {
                kept += min(want, before)
                started += max(0, want - before)
                lowest += min(want, before)
                continue
            }
            started += want
            guard old != nil, want > 0 else { continue }
            if Planner.isStopFirst(process, in: spec), before > 0 {
                downtime.append("\(process.name) stops before it starts again")
            } else {
                lowest += max(0, min(want, before) - Planner.limits(spec.deploy, want: want).unavailable)
            }
        }
        return PlanReport.AppPlan(
            app: name, change: old == nil ? .create : .update, from: old?.number,
            to: record?.memory.nextRelease ?? .first,
            changes: SpecRendering.changes(from: old?.spec, to: spec),
            notes: notes(spec, old, lowest, downtime), started: started, stopped: max(0, running - kept),
            kept: kept,
            lowestCapacity: lowest, hasDowntime: !downtime.isEmpty)
    }

    private func notes(_ spec: AppSpec, _ old: Release?, _ lowest: Int, _ downtime: [String]) -> [String] {
        var notes = [old == nil ? spec.deploy.effectiveStrategy.rawValue : movement(spec.deploy)]
        if old != nil {
            notes.append(
                downtime.isEmpty
                    ? "capacity never below \(lowest), no downtime" : downtime.joined(separator: ", "))
        }
        let waits = spec.dependsOn.map(\.rawValue)
        if !waits.isEmpty { notes.append("waits for \(waits.joined(separator: ", "))") }
        if let group = spec.group { notes.append("promotes and goes back with group \(group)") }
        switch spec.deploy.effectiveApproval {
        case .none: break
        case .beforeDeploy: notes.append("held until a person approves it")
        case .beforePromote:
            if old != nil { notes.append("held before the last step until a person promotes it") }
        }
        return notes
    }

    /// `canary 5 → 25 → 50 → 100 %, baking 4m in all`.
    private func movement(_ deploy: DeploySpec) -> String {
        let strategy = deploy.effectiveStrategy
        var text = strategy.rawValue
        var steps = strategy.movesTraffic ? 1 : 0
        if strategy == .canary {
            text += " " + deploy.effectiveSteps.map { "\($0)" }.joined(separator: " → ") + " %"
            steps = deploy.effectiveSteps.count
        }
        // At most 20 steps of 24 hours each.
        let baking = TimeSpan(milliseconds: deploy.effectiveBake.milliseconds * Int64(steps))
        return baking > .zero ? text + ", baking \(baking) in all" : text
    }

    /// The containers of the process are made of the same things in both specs.
    private func isUntouched(_ process: ProcessSpec, _ new: AppSpec, _ old: AppSpec) -> Bool {
        guard let before = old.process(process.name), new.image == old.image, new.env == old.env,
            new.files == old.files, new.project == old.project
        else { return false }
        return before.command == process.command && before.resources == process.resources
            && before.volumes == process.volumes && before.effectiveRestart == process.effectiveRestart
            && before.effectiveStopGrace == process.effectiveStopGrace && before.port == process.port
    }

    private func drift() -> PlanReport.AppPlan? {
        guard record?.view?.verdict == .degraded, let because = record?.view?.because, !because.isEmpty else {
            return nil
        }
        return unchanged(.drift, because.map { "\($0.object): \($0.message)" })
    }
}
