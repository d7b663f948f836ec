import Model

/// How runs of cron entries end, and who is told.
extension AppPlanning {
    /// The end of a try: of the run as well, unless it is tried once more.
    mutating func settle(
        _ run: CronRun, _ name: ProcessName, _ spec: CronSpec?, _ entry: inout CronMemory, _ result: JobEnd
    ) -> CronRun? {
        if result.isWorthARetry, run.isAdopted != true, run.number <= spec?.effectiveRetries ?? 0 {
            var next = run
            next.number += 1
            next.job = JobRun()
            next.labels = nil
            next.startedAt = nil
            // Eight seconds or a little less after the first failure, and ever more after each of the next.
            let pause = Backoff.delay(attempt: run.number + 3, seed: "\(input.app)-\(name)")
            next.notBefore = now + pause
            wake(at: now + pause)
            return next
        }
        switch result {
        case .succeeded: end(run, name, &entry, .succeeded, 0, "it exited 0")
        case .failed(let code, _): end(run, name, &entry, .failed, code, "it \(result.sentence)")
        case .notStarted: end(run, name, &entry, .failed, nil, "it \(result.sentence)")
        case .timedOut:
            end(run, name, &entry, .timedOut, nil, "it ran longer than \(run.timeout) and was stopped")
        case .stopped:
            let reason = spec == nil ? "the entry is gone" : "a later run takes its place"
            end(run, name, &entry, .stopped, nil, "\(reason)")
        case .lost: end(run, name, &entry, .lost, nil, "its container was removed before its end was seen")
        }
        return nil
    }

    mutating func end(
        _ run: CronRun, _ name: ProcessName, _ entry: inout CronMemory, _ outcome: CronRunRecord.Outcome,
        _ code: Int?, _ message: String
    ) {
        let hasContainer = run.labels != nil && outcome != .missed
        let record = CronRunRecord(
            app: input.app, entry: name, run: run.name.run, scheduled: run.scheduled,
            isManual: run.isManual, startedAt: run.startedAt, endedAt: input.wall, outcome: outcome,
            exitCode: code, tries: outcome == .missed || outcome == .skipped ? 0 : run.number,
            passedOver: run.passedOver, message: message, release: run.labels?.release,
            container: hasContainer ? containerName(name, run) : nil)
        plan.cronRecords.append(record)
        entry.last = record
        tell(record, &entry)
    }

    private mutating func tell(_ record: CronRunRecord, _ entry: inout CronMemory) {
        let title = "\(record.entry) \(record.run)"
        switch record.outcome {
        case .succeeded:
            if entry.isFailing { tell(.cronRecovered, record, "\(title): \(record.message)") }
            entry.isFailing = false
        case .failed, .timedOut, .missed, .lost:
            entry.isFailing = true
            let tries = record.tries > 1 ? " at the \(record.tries). try" : ""
            tell(.cronFailed, record, "\(title) \(record.outcome.words)\(tries): \(record.message)")
        case .skipped: tell(.cronSkipped, record, "\(title) was skipped: \(record.message)")
        case .stopped: tell(.cronSkipped, record, "\(title) was stopped: \(record.message)")
        }
    }

    private mutating func tell(_ kind: EventRecord.Kind, _ record: CronRunRecord, _ message: String) {
        plan.events.append(PlannedEvent(kind, release: record.release, message: message, entry: record.entry))
    }
}

extension JobEnd {
    /// Another try may do better. One that was removed may have done its work.
    fileprivate var isWorthARetry: Bool {
        switch self {
        case .failed, .timedOut, .notStarted: true
        case .succeeded, .stopped, .lost: false
        }
    }
    /// Its command was seen to have been started.
    var hasRun: Bool {
        switch self {
        case .succeeded, .failed, .timedOut: true
        case .notStarted, .stopped, .lost: false
        }
    }
}

extension CronRunRecord.Outcome {
    /// After the name of the run.
    fileprivate var words: String {
        switch self {
        case .succeeded: "has done its work"
        case .failed: "failed"
        case .timedOut: "took too long"
        case .skipped: "was skipped"
        case .missed: "was missed"
        case .stopped: "was stopped"
        case .lost: "is lost"
        }
    }
}
