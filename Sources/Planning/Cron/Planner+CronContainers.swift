import Model

/// The containers of cron entries: what they are made of, which are there, and which of them stay.
extension AppPlanning {
    /// Of each entry's ended runs, the containers of so many that went well and so many that did not are kept for
    /// their logs.
    private static let keptOfEachKind = 3

    struct FoundRun {
        var name: CronRunName
        var container: ObservedInstance
    }

    /// Containers of an entry that are there, by what they are called.
    func runs(of entry: ProcessName) -> [FoundRun] {
        if let known = cronRuns.byEntry { return known[entry] ?? [] }
        var found: [ProcessName: [FoundRun]] = [:]
        for job in input.jobs where job.isCronRun {
            guard let name = (job.labels.job?.run).flatMap({ CronRunName($0) }) else { continue }
            found[job.labels.process, default: []].append(FoundRun(name: name, container: job))
        }
        cronRuns.byEntry = found
        return found[entry] ?? []
    }

    func job(of entry: ProcessName, _ name: CronRunName) -> ObservedInstance? {
        runs(of: entry).first { $0.name.label == name.label }?.container
    }

    func containerName(_ entry: ProcessName, _ run: CronRun) -> String {
        input.naming.job(app: input.app, name: entry, run: run.name.label)
    }

    /// Takes over runs that a store which was lost, or is older than they are, does not know.
    func adoptRuns(_ name: ProcessName, _ entry: inout CronMemory) {
        if isPlanted(.cronAdoptsNothing) { return }
        var newest: [WallTime: FoundRun] = [:]
        for found in runs(of: name) {
            if takeOver(found, &entry) { continue }
            let isNews =
                !found.name.isManual && found.name.scheduled > entry.considered && isOfThisTime(found.name)
            guard isNews || found.container.state.isLive else { continue }
            let other = newest[found.name.scheduled]?.name
            if let other, (other.number, other.attempt) > (found.name.number, found.name.attempt) { continue }
            newest[found.name.scheduled] = found
        }
        for (scheduled, found) in newest.sorted(by: { $0.key < $1.key }) {
            // Whoever has made it may be about to start it: what has become of it is seen by looking.
            var run = CronRun(
                scheduled: scheduled, isManual: found.name.isManual, number: found.name.number,
                job: JobRun(attempt: found.name.attempt, phase: .starting(since: nil)),
                timeout: .seconds(found.container.labels.job?.timeoutInSeconds ?? 3_600))
            run.labels = found.container.labels
            run.isAdopted = true
            entry.runs.append(run)
            if !run.isManual, isOfThisTime(found.name) { entry.considered = max(entry.considered, scheduled) }
        }
    }

    /// A run that is known goes on from its newest container: a store that was put back may be some tries behind.
    ///
    /// - Returns: whether it is known.
    private func takeOver(_ found: FoundRun, _ entry: inout CronMemory) -> Bool {
        let index = entry.runs.firstIndex {
            $0.scheduled == found.name.scheduled && $0.isManual == found.name.isManual
        }
        guard let index else { return false }
        let run = entry.runs[index]
        if (found.name.number, found.name.attempt) > (run.number, run.job.attempt) {
            entry.runs[index].number = found.name.number
            entry.runs[index].job = JobRun(attempt: found.name.attempt, phase: .starting(since: nil))
            entry.runs[index].labels = found.container.labels
            entry.runs[index].isAdopted = true
        }
        return true
    }

    /// Not of a clock that was wrong by years.
    func isOfThisTime(_ name: CronRunName) -> Bool {
        name.scheduled.secondsSince1970 - input.wall.secondsSince1970 <= Self.longestWayBack
    }

    /// The container of the present try; `nil`: the release has no process to borrow from.
    func order(
        _ run: inout CronRun, _ name: ProcessName, _ spec: CronSpec?, _ release: Release
    ) -> JobOrder? {
        var template: ContainerTemplate?
        let container = containerName(name, run)
        if let spec, let process = release.spec.jobProcess(spec.process),
            let borrowed = release.templates[process.name]
        {
            var labels = order(release, name, borrowed, name: container).labels
            labels.job = JobLabel(
                kind: .cron, run: run.name.label, timeoutInSeconds: max(1, run.timeout.wholeSecondsRoundedUp))
            template = borrowed.container.job(spec.command, named: name)
            template?.env["SLIPWAY_RUN"] = run.name.run
            template?.env["SLIPWAY_TRY"] = "\(run.number)"
            // Nothing of it was made yet: it is of the release that is the last good one now.
            let isToBeMade = if case .making = run.job.phase { true } else { false }
            let isFree = job(of: name, run.name) == nil && !busyObjects.contains(container)
            if run.labels?.job?.run != labels.job?.run || isToBeMade && isFree {
                run.labels = labels
            }
        }
        if run.labels == nil { run.labels = job(of: name, run.name)?.labels }
        guard let labels = run.labels else { return nil }
        // Without an entry nothing is made, and what is looked at is found by its labels.
        guard let made = template ?? release.templates.values.first?.container else { return nil }
        return JobOrder(name: container, labels: labels, template: made)
    }

    /// Takes away containers of runs that have ended, but for the newest.
    mutating func tidyCron(_ entries: [ProcessName: CronMemory], _ specs: [CronSpec]) {
        var kept: [String: Int] = [:]
        let ended = input.jobs.filter(\.isCronRun).sorted {
            ($0.labels.process.rawValue, $0.labels.job?.run ?? "")
                > ($1.labels.process.rawValue, $1.labels.job?.run ?? "")
        }
        for container in ended where !container.state.isLive && !isUnderWay(container, entries) {
            let name = container.labels.process
            let isWanted = specs.contains { $0.name == name }
            switch container.state {
            case .exited(let code, _) where isWanted:
                let kind = "\(name) \(code == 0)"
                kept[kind, default: 0] += 1
                if kept[kind, default: 0] <= Self.keptOfEachKind { continue }
                perform(.remove(container.id, name: container.name, grace: .zero))
            case .created:
                // It never ran; whoever else is about to start it is not cut off.
                perform(.discardJob(container.id, name: container.name))
            case .exited, .dead, .removing:
                perform(.remove(container.id, name: container.name, grace: .zero))
            case .running, .paused, .restarting: break
            }
        }
    }

    private func isUnderWay(_ container: ObservedInstance, _ entries: [ProcessName: CronMemory]) -> Bool {
        entries[container.labels.process]?.runs.contains {
            $0.labels?.job?.run == container.labels.job?.run
        } ?? false
    }
}

/// Containers of cron runs by their entry: an app has dozens of entries, and some containers of each.
final class CronRuns {
    var byEntry: [ProcessName: [AppPlanning.FoundRun]]?
}

extension ObservedInstance {
    var isCronRun: Bool { labels.job?.kind == .cron }
}
