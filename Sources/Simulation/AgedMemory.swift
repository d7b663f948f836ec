internal import Model

extension AppMemory {
    /// The same when so much time has gone by since.
    func aged(by span: TimeSpan) -> AppMemory {
        var aged = self
        aged.pausedAt = pausedAt?.earlier(by: span)
        aged.verdictSince = verdictSince.earlier(by: span)
        aged.kept?.until = kept?.until.earlier(by: span) ?? .zero
        aged.lastOutcome?.at = lastOutcome?.at.earlier(by: span) ?? .zero
        for index in quarantine.indices { aged.quarantine[index].at = quarantine[index].at.earlier(by: span) }
        aged.rollout = rollout?.aged(by: span)
        return aged
    }
}

extension Rollout {
    fileprivate func aged(by span: TimeSpan) -> Rollout {
        var aged = self
        aged.startedAt = startedAt.earlier(by: span)
        aged.lastProgressAt = lastProgressAt.earlier(by: span)
        aged.stalledSince = stalledSince?.earlier(by: span)
        aged.bakingSince = bakingSince?.earlier(by: span)
        aged.waitingSince = waitingSince?.earlier(by: span)
        return aged
    }
}
