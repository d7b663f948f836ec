public import Model
internal import Planning
internal import Ports
internal import SpecLoading
internal import Telemetry

/// What a forge tells, and what a pull request is answered with.
extension Controller {
    /// Pull requests that wait to be planned; more are not kept, as a forge that calls this often calls again.
    private static let proposalLimit = 100

    public func hear(_ event: ForgeEvent, of source: SourceName) {
        guard let record = sources[source] else { return }
        switch event {
        case .push(let branch):
            if branch == record.watched.branch { syncHub.send(()) }
        case .pullRequest(let number, let base, _):
            let dealings = record.source.dealings
            guard base == record.watched.branch, dealings.forge != nil, dealings.proposals != nil else {
                return
            }
            var waiting = proposals[source] ?? []
            // Heard again while it waits: planned once, as it is then.
            waiting.removeAll { $0 == number }
            waiting.append(number)
            proposals[source] = waiting.suffix(Self.proposalLimit)
            guard planningSources.insert(source).inserted else { return }
            jobs.append { await self.planProposals(of: source) }
            ring()
        case .pullRequestClosed(let number):
            proposals[source]?.removeAll { $0 == number }
        case .other: break
        }
    }

    /// One after the other: each is a fetch.
    private func planProposals(of source: SourceName) async {
        while !Task.isCancelled, let number = proposals[source]?.first {
            proposals[source]?.removeFirst()
            await planProposal(number, source)
        }
        planningSources.remove(source)
    }

    private func planProposal(_ number: Int, _ source: SourceName) async {
        guard let record = sources[source], let forge = record.source.dealings.forge,
            let reader = record.source.dealings.proposals
        else { return }
        let reference = forge.reference(ofPullRequest: number)
        for attempt in 1...5 {
            do throws(SourceError) {
                let proposal = try await reader.proposal(reference, into: record.watched.branch)
                await showPlan(of: proposal, number, source)
                return
            } catch {
                let isPassing =
                    error.code == .unreachable || error.code == .timeout || error.code == .internal
                logger.notice(
                    "a pull request cannot be planned",
                    ["source.name": source.rawValue, "pull.request": "\(number)", "error": error.message])
                guard isPassing else {
                    let words = "### Slipway plan\n\n\(PlanMarkdown.plain(error.message))\n"
                    await say([
                        word(
                            "comment/\(number)", .forge, source,
                            .planComment(PlanComment(pullRequest: number, body: words)))
                    ])
                    return
                }
            }
            let delay = Backoff.delay(attempt: attempt, longest: .seconds(60), seed: reference)
            await wait(until: clock.now() + delay, or: AsyncStream { $0.onTermination = nil })
        }
    }

    private func showPlan(of proposal: Proposal, _ number: Int, _ source: SourceName) async {
        do throws(ControlError) {
            let planned = try await plan(of: proposal, source)
            let report = planned.report
            let hasErrors =
                report.diagnostics.contains { $0.severity == .error }
                || report.apps.contains { $0.change == .invalid }
            let status = CommitStatus(
                commit: proposal.head, context: .plan, state: hasErrors ? .failure : .success,
                description: PlanMarkdown.summary(report))
            let shown = ShownPlan(
                id: report.id ?? "", pullRequest: number, base: proposal.base, head: proposal.head,
                changes: planned.changes, images: report.images)
            _ = await settle { controller in controller.remember(shown, of: source) }
            await say([
                word("status/\(proposal.head)/plan", .forge, source, .status(status)),
                word(
                    "comment/\(number)", .forge, source,
                    .planComment(PlanComment(pullRequest: number, body: PlanMarkdown.text(report))))
            ])
        } catch {
            logger.notice(
                "a pull request cannot be planned",
                ["source.name": source.rawValue, "pull.request": "\(number)", "error": error.message])
        }
    }

    func remember(_ shown: ShownPlan, of source: SourceName) {
        guard var memory = sources[source]?.memory else { return }
        var plans = memory.plans ?? []
        plans.removeAll { $0.id == shown.id || $0.pullRequest != nil && $0.pullRequest == shown.pullRequest }
        plans.append(shown)
        memory.plans = plans.suffix(50)
        sources[source]?.memory = memory
        pending.sources[source] = memory
    }

    /// Puts words into the outbox, in a transaction of their own.
    func say(_ words: [OutboxItem]) async {
        _ = await settle { controller in controller.pending.outbox += words }
    }

    // MARK: The state of a commit

    /// Tells the forges how the newest commits fare, where that has changed.
    func showDeploys() {
        for (name, record) in sources where record.source.dealings.forge != nil && record.fetchedAt != nil {
            guard let head = record.tree?.commit.id else { continue }
            var shown = record.memory.shown ?? []
            let open = shown.filter { $0.state == .pending }.map(\.commit)
            var isNews = false
            for commit in Set(open + [head]).sorted() {
                let status = deployStatus(of: commit, head: head, record)
                guard shown.last(where: { $0.commit == commit }) != status else { continue }
                isNews = true
                shown.removeAll { $0.commit == commit }
                shown.append(status)
                pending.outbox.append(word("status/\(commit)/deploy", .forge, name, .status(status)))
            }
            guard isNews else { continue }
            sources[name]?.memory.shown = shown.suffix(20)
            pending.sources[name] = sources[name]?.memory
            ring()
        }
    }

    private func deployStatus(of commit: CommitID, head: CommitID, _ record: SourceRecord) -> CommitStatus {
        func status(_ state: CommitStatus.State, _ text: String) -> CommitStatus {
            CommitStatus(commit: commit, context: .deploy, state: state, description: text)
        }
        let mine = apps.filter { $0.value.memory.source == record.source.name }
        var failed: [String] = [], open: [String] = [], done: [String] = []
        for (name, app) in mine.sorted(by: { $0.key < $1.key }) {
            switch app.desired {
            case .spec(let candidate) where candidate.origin.commit.id == commit:
                let because = app.view?.because.first.map { ": \($0.message)" } ?? ""
                switch app.view?.verdict {
                case .converged, .degraded:
                    done.append("\(name) \(app.memory.lastGood.map { "\($0.number)" } ?? "")")
                case .rolledBack, .invalid, .unplaceable: failed.append("\(name)\(because)")
                case .held where isFailure(app): failed.append("\(name)\(because)")
                case .held, .progressing, .waiting, .unknown, nil: open.append("\(name)\(because)")
                }
            case .keep(let blockers, _, true) where commit == head:
                failed.append("\(name): \(blockers.first?.message ?? "its spec is broken")")
            case .heldRemoval(commit, let message): open.append("\(name): \(message)")
            case .spec, .keep, .heldRemoval, .remove: break
            }
        }
        if let first = failed.first {
            return status(.failure, first + (failed.count > 1 ? " (and \(failed.count - 1) more)" : ""))
        }
        if let first = open.first {
            return status(.pending, first + (open.count > 1 ? " (and \(open.count - 1) more)" : ""))
        }
        if done.isEmpty {
            return commit == head
                ? status(.success, "nothing to deploy") : status(.failure, "overtaken by \(head.short)")
        }
        return status(
            .success, done.count == 1 ? "\(done[0]) is deployed" : "\(done.count) apps are deployed")
    }

    /// Held because the wanted release failed, not because a person is asked.
    private func isFailure(_ app: AppRecord) -> Bool {
        if case .held = app.memory.rollout?.phase { return true }
        guard let digest = app.candidate?.digest else { return false }
        return app.memory.quarantine.contains { $0.spec == digest }
    }
}

extension PlanReport {
    fileprivate var images: [AppName: ContentDigest] {
        apps.reduce(into: [:]) { images, app in images[app.app] = app.image?.digest }
    }
}
