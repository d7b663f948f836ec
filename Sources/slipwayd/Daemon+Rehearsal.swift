import Controller
import Model
import Ports
import Simulation

extension Daemon {
    /// Plays rollouts through in the simulated world, as `slipway simulate` does, every release being healthy.
    static let rehearse: RolloutRehearsal = { base, head, path, project in
        func commit(_ files: RehearsedFiles) -> RehearsalCommit {
            RehearsalCommit(
                snapshot: files.snapshot,
                files: TreeChanges(changed: files.paths, removed: [], refused: [], isComplete: true))
        }
        let record = Rehearsal.run(
            RehearsalPlan(base: base.map(commit), head: commit(head), path: path, project: project), .good)
        var rollouts: [AppName: RehearsedRollout] = [:]
        for app in record.apps {
            rollouts[app.app] = RehearsedRollout(
                seconds: app.durationMilliseconds.map { ($0 + 999) / 1_000 },
                lowestCapacity: app.processes.reduce(0) { $0 + ($1.lowest ?? $1.readyAtEnd) },
                downtimes: app.downtimes.map { downtime in
                    let length = downtime.lengthMilliseconds.map { " for \(($0 + 999) / 1_000) s" } ?? ""
                    return "\(downtime.process) is down\(length): \(downtime.reason)"
                })
        }
        return rollouts
    }
}
