public import Model
public import Ports
internal import Planning
internal import Telemetry

/// What people are told, wherever they are. It is decided with what it tells and goes on its way by itself: a channel that
/// does not answer delays neither a deploy nor another channel.
extension Controller {
    /// More than this many do not wait for one channel.
    private static let backlogLimit = 200
    /// Older than this, a notice is no news.
    private static let longestWait: Int64 = 24 * 3_600

    struct ChannelState {
        var limiter: NoticeLimiter
        var failures = 0
        /// Of the oldest that waits.
        var attempts = 0
        var nextAttemptAt = Instant.zero
        var problem: String?
        init(limit: Int) { limiter = NoticeLimiter(limit: limit) }
    }

    // MARK: What is worth a notice

    func restoreNotices(_ state: StoredState) {
        for (name, memory) in state.apps {
            noticeLedger.restore(name, memory.verdict)
            for (entry, cron) in memory.cron ?? [:] where cron.isFailing {
                noticeLedger.restoreFailing(.cron(name, entry), cause: Self.cronTrouble)
            }
        }
        let known = Set(configuration.channels.map(\.name))
        for item in outbox.values where item.lane.kind == .notice && !known.contains(item.lane.source) {
            outbox[item.key] = nil
            pending.arrived[item.key] = item.sequence
        }
    }

    /// Takes note of something that is no event and no plan, such as what the edge says of itself.
    func observe(_ observations: [NoticeObservation]) {
        guard !configuration.channels.isEmpty, !observations.isEmpty else { return }
        let news = observations.filter(noticeLedger.isNews)
        guard !news.isEmpty else { return }
        noticeObservations += news
        ring()
    }

    /// What a plan shows of its app.
    func noteVerdict(_ app: AppName, _ verdict: Verdict, _ because: Blocker?, release: ReleaseNumber?) {
        guard !configuration.channels.isEmpty else { return }
        let subject = NoticeSubject.app(app)
        switch verdict {
        case .held, .unplaceable:
            // What a person did himself is no news to him.
            guard let because, ![.paused, .pinned, .aborted, .group].contains(because.cause) else { return }
            let isFailure = [.noLastGood, .rollbackOff, .irreversible].contains(because.cause)
            note(
                .trouble(
                    subject, .held, cause: isFailure ? "failed" : because.cause.rawValue,
                    NoticeWords(because.message, release: release)))
        case .invalid:
            let message = because.map { "\($0.object): \($0.message)" } ?? "the spec cannot be used"
            note(.trouble(subject, .invalid, cause: message, NoticeWords(message)))
        case .converged:
            let words = release.map { "\($0) runs as wanted" } ?? "it runs as wanted"
            note(.well(subject, NoticeWords(words, release: release)))
        case .progressing, .waiting:
            note(.settled(subject, .held))
            note(.settled(subject, .invalid))
        case .rolledBack, .unknown, .degraded: break
        }
    }

    /// At rest nothing is noted, so nothing is written.
    private func note(_ observation: NoticeObservation) {
        if noticeLedger.isNews(observation) { noticeObservations.append(observation) }
    }

    private func observation(_ event: EventRecord) -> NoticeObservation? {
        let words = NoticeWords(event.message, release: event.release, commit: event.commit)
        let cause = "\(event.release?.description ?? "") \(event.message)"
        switch event.kind {
        case .rolloutFailed: return event.app.map { .trouble(.app($0), .failed, cause: cause, words) }
        case .rolledBack: return event.app.map { .trouble(.app($0), .rolledBack, cause: cause, words) }
        case .held: return event.app.map { .trouble(.app($0), .held, cause: "failed", words) }
        // A person tries it again: if it fails in the same way, that is news.
        case .retried: return event.app.map { .renewed(.app($0)) }
        case .driftRepaired: return event.app.map { .passing(.app($0), .driftRepaired, words) }
        case .cronFailed: return Self.cron(event).map { .trouble($0, .cron, cause: Self.cronTrouble, words) }
        case .cronRecovered: return Self.cron(event).map { .well($0, words) }
        case .engineLost: return .trouble(.engine, .engine, cause: event.message, words)
        case .engineBack: return .well(.engine, words)
        default: return nil
        }
    }

    private static func cron(_ event: EventRecord) -> NoticeSubject? {
        guard let app = event.app, let entry = event.entry else { return nil }
        return .cron(app, entry)
    }

    /// Failures of one entry in a row are told once.
    private static let cronTrouble = "failed"

    /// Adds to a batch what its events, and what was noted since, are worth.
    func addNotices(to batch: inout StoreBatch) {
        nextNoticeLedger = nil
        takenObservations = []
        guard !configuration.channels.isEmpty else { return }
        var ledger = noticeLedger
        takenObservations = noticeObservations
        noticeObservations = []
        for app in batch.forgotten {
            ledger.forget(.app(app))
            for entry in (apps[app]?.memory.cron ?? [:]).keys { ledger.forget(.cron(app, entry)) }
        }
        let now = clock.now()
        for observation in batch.events.compactMap(observation) + takenObservations {
            guard let told = ledger.take(observation, now: now) else { continue }
            batch.outbox += items(for: notice(told.subject, told.kind, told.words))
        }
        nextNoticeLedger = ledger
    }

    /// The batch is durable, or is not: then what was noted is noted again.
    func settleNotices(isDurable: Bool) {
        if isDurable, let next = nextNoticeLedger {
            noticeLedger = next
        } else {
            noticeObservations = takenObservations + noticeObservations
        }
        nextNoticeLedger = nil
        takenObservations = []
    }

    /// The store cannot be written, and that is what there is to tell: it goes on its way without having been stored.
    func tellStoreProblem(_ error: StoreError) {
        let words = NoticeWords("\(error.message); nothing is started until it can be written again")
        guard
            let told = noticeLedger.take(
                .trouble(.store, .store, cause: error.code.rawValue, words), now: clock.now())
        else { return }
        for item in items(for: notice(told.subject, told.kind, told.words)) { outbox[item.key] = item }
        outboxHub.send(())
    }

    func tellStoreWorks() { observe([.well(.store, NoticeWords("the store can be written again"))]) }

    /// Compares what the edge says of itself and of its certificates with what it said before.
    func noteEdge(_ before: EdgeReport, _ report: EdgeReport) {
        var observations: [NoticeObservation] = []
        for certificate in report.certificates {
            let subject = NoticeSubject.certificate(certificate.host)
            if let problem = certificate.problem {
                observations.append(.trouble(subject, .certificate, cause: problem, NoticeWords(problem)))
            } else {
                observations.append(.well(subject, NoticeWords("the certificate is well")))
            }
        }
        let hosts = Set(report.certificates.map(\.host))
        for certificate in before.certificates where !hosts.contains(certificate.host) {
            observations.append(
                .well(.certificate(certificate.host), NoticeWords("no certificate is needed any more")))
        }
        let own = report.problems.filter { $0.key == nil }.map(\.message)
        if own.isEmpty {
            observations.append(.well(.edge, NoticeWords("the edge is well")))
        } else {
            let text = own.joined(separator: "; ")
            observations.append(.trouble(.edge, .edge, cause: text, NoticeWords(text)))
        }
        observe(observations)
    }

    private func notice(
        _ subject: NoticeSubject, _ kind: Notice.Kind, _ words: NoticeWords
    ) -> Notice {
        lastWord += 1
        var app: AppName?
        switch subject {
        case .app(let name), .cron(let name, _): app = name
        case .source, .certificate, .engine, .edge, .store: break
        }
        // It leaves the machine, and may quote what an app has printed.
        let record = app.flatMap { apps[$0] }
        let specs = [
            record?.memory.lastGood?.spec, record?.memory.rollout?.target.spec, record?.candidate?.spec
        ]
        let secrets = Redaction.secrets(of: specs.compactMap(\.self))
        return Notice(
            id: "\(configuration.installation)-\(clock.wall().secondsSince1970)-\(lastWord)",
            installation: configuration.installation, kind: kind, app: app, object: subject.object,
            release: words.release, commit: words.commit,
            message: String(Redaction.hide(words.message, secrets: secrets).prefix(2_000)), at: clock.wall())
    }

    private func items(for notice: Notice) -> [OutboxItem] {
        configuration.channels.filter { $0.kinds.contains(notice.kind) }.map { channel in
            lastWord += 1
            return OutboxItem(
                key: "notice/\(channel.name)/\(notice.id)", sequence: lastWord,
                lane: .init(.notice, channel.name), content: .notice(notice), at: clock.wall())
        }
    }

    // MARK: On its way

    /// Brings notices through one channel, for as long as the controller runs.
    func deliverNotices(_ channel: any NoticeChannel) async {
        while !Task.isCancelled {
            let trigger = outboxHub.subscribe()
            let now = clock.now()
            var state = channelStates[channel.name] ?? ChannelState(limit: configuration.noticeLimit)
            if state.nextAttemptAt > now {
                await wait(until: state.nextAttemptAt, or: trigger)
                continue
            }
            let waiting = outbox.values.filter { $0.lane == .init(.notice, channel.name) }
                .sorted { $0.sequence < $1.sequence }
            let summaryAt = state.limiter.summaryDue(now: now)
            if let summaryAt, summaryAt <= now {
                let text = state.limiter.summary(now: now)
                let summary = notice(.store, .summary, NoticeWords(text))
                await attempt(Self.asSummary(summary), nil, channel, state)
                continue
            }
            guard let item = waiting.first, case .notice(let notice) = item.content else {
                if let summaryAt {
                    await wait(until: summaryAt, or: trigger)
                } else {
                    for await _ in trigger { break }
                }
                continue
            }
            if isOutdated(item, waiting.count)
                || (state.attempts == 0 && !state.limiter.admits(notice.kind, now: now))
            {
                if isOutdated(item, waiting.count) { state.limiter.suppress(notice.kind) }
                channelStates[channel.name] = state
                arrived(item)
                continue
            }
            await attempt(notice, item, channel, state)
        }
    }

    private static func asSummary(_ notice: Notice) -> Notice {
        var summary = notice
        summary.object = "notices"
        return summary
    }

    private func isOutdated(_ item: OutboxItem, _ waiting: Int) -> Bool {
        waiting > Self.backlogLimit
            || clock.wall().secondsSince1970 - item.at.secondsSince1970 > Self.longestWait
    }

    private func attempt(
        _ notice: Notice, _ item: OutboxItem?, _ channel: any NoticeChannel, _ before: ChannelState
    ) async {
        var state = before
        state.attempts += 1
        channelStates[channel.name] = state
        do throws(NoticeError) {
            try await channel.send(notice)
            state.failures = 0
            state.attempts = 0
            state.problem = nil
            state.nextAttemptAt = .zero
            if let item { arrived(item) }
        } catch {
            guard !Task.isCancelled else { return }
            take(error, notice, item, channel.name, &state)
        }
        channelStates[channel.name] = state
        changeHub.send(())
    }

    private func take(
        _ error: NoticeError, _ notice: Notice, _ item: OutboxItem?, _ channel: SourceName,
        _ state: inout ChannelState
    ) {
        state.failures += 1
        if state.problem != error.message {
            logger.notice(
                "a notice cannot be sent now", ["channel": channel.rawValue, "error": error.message])
        }
        state.problem = error.message
        let delay = Backoff.delay(attempt: state.failures, longest: .minutes(10), seed: channel.rawValue)
        let asked = TimeSpan.seconds(min(max(0, error.retryAfterSeconds ?? 0), 3_600))
        state.nextAttemptAt = clock.now() + max(delay, asked)
        if item == nil {
            // The summary was not taken: its numbers are told with the next one.
            state.limiter.suppress(.summary)
            state.attempts = 0
        } else if error.isFinal, state.attempts >= 4, let item {
            logger.error(
                "a notice is given up",
                ["channel": channel.rawValue, "notice": notice.title, "error": error.message])
            state.attempts = 0
            arrived(item)
        }
    }

    /// If it cannot be written down now, it is with the next batch; a crash in between sends it once more.
    private func arrived(_ item: OutboxItem) {
        outbox[item.key] = nil
        pending.arrived[item.key] = item.sequence
        ring()
    }

    // MARK: What people see and ask

    /// What waits, and what went wrong, by channel; `nil`: nothing of either.
    func noticeStatus() -> [DeliveryStatus]? {
        let statuses = configuration.channels.compactMap { channel -> DeliveryStatus? in
            let pending = outbox.values.count { $0.lane == .init(.notice, channel.name) }
            let state = channelStates[channel.name]
            guard pending > 0 || state?.problem != nil else { return nil }
            let wait = state.map { max(0, ($0.nextAttemptAt - clock.now()).wholeSecondsRoundedUp) }
            return DeliveryStatus(
                to: channel.name.rawValue, pending: pending, problem: state?.problem,
                nextAttemptInSeconds: state?.problem == nil ? nil : wait)
        }
        return statuses.isEmpty ? nil : statuses
    }

    public func testNotices(channel: SourceName?) async throws(ControlError) -> NoticeTestReport {
        guard !configuration.channels.isEmpty else {
            throw ControlError(
                .conflict,
                "no channel is configured; `notices.channels` in the controller's configuration names them")
        }
        let channels = configuration.channels.filter { channel == nil || $0.name == channel }
        guard !channels.isEmpty else {
            let names = configuration.channels.map(\.name.rawValue).sorted().joined(separator: ", ")
            throw ControlError(.notFound, "there is no channel \(channel?.rawValue ?? ""); there is \(names)")
        }
        var notice = notice(.store, .test, NoticeWords("This is a test. Notices arrive here."))
        notice.object = configuration.installation.rawValue
        let sent = notice
        let results = await withTaskGroup(of: NoticeTestReport.Channel.self) { group in
            for channel in channels { group.addTask { await Self.test(channel, sent) } }
            var results: [NoticeTestReport.Channel] = []
            for await result in group { results.append(result) }
            return results
        }
        return NoticeTestReport(channels: results.sorted { $0.name < $1.name })
    }

    private static func test(_ channel: any NoticeChannel, _ notice: Notice) async -> NoticeTestReport.Channel
    {
        do throws(NoticeError) {
            try await channel.send(notice)
            return .init(name: channel.name.rawValue)
        } catch {
            return .init(name: channel.name.rawValue, problem: error.message)
        }
    }
}
