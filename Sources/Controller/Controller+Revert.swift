import Model
import Planning
import Ports
import SpecLoading

/// Git and reality agree again: what failed is taken back in the repository as well.
extension Controller {
    /// The word that takes a failed release back in git, if its source wants that and may.
    func revert(of rollout: RolloutRecord, _ memory: AppMemory, _ source: WatchedSource) -> OutboxItem? {
        let dealings = source.dealings
        guard let way = way(of: dealings), rollout.outcome == .rolledBack || rollout.outcome == .held,
            let good = memory.lastGood, let record = apps[rollout.app], let candidate = record.candidate,
            // Git may have gone on since: then there is nothing to take back.
            memory.quarantine.contains(where: { $0.spec == candidate.digest && $0.release == rollout.release }
            )
        else { return nil }
        let secrets = Redaction.secrets(of: [candidate.spec, good.spec])
        let evidence = rollout.evidence.prefix(20).map { "    " + Redaction.hide($0, secrets: secrets) }
        let because = rollout.evidence.first.map { Redaction.hide($0, secrets: secrets) } ?? "it failed"
        let body =
            "\(rollout.app) \(rollout.release) of \(candidate.origin.commit.id.short) failed and was put back to"
            + " \(good.number) of \(good.origin.commit.id.short).\n\n" + evidence.joined(separator: "\n")
        return order(
            rollout.app, way, source, candidate, rollout.release, good,
            subject: "Revert \(rollout.app) to \(good.number): \(because)", body: body)
    }

    /// A later release of an app of which a proposal may be open.
    func overtaking(_ rollout: RolloutRecord, _ memory: AppMemory, _ source: WatchedSource) -> OutboxItem? {
        guard rollout.outcome == nil, source.dealings.onFailure == .pullRequest, source.dealings.forge != nil,
            way(of: source.dealings) != nil, let last = memory.lastOutcome,
            last.outcome == .rolledBack || last.outcome == .held
        else { return nil }
        return word(
            "\(rollout.app)", .revert, source.name,
            .closeRevert(
                rollout.app, reason: "Overtaken by \(rollout.release) of \(rollout.commit.id.short)."))
    }

    private func way(of dealings: SourceDealings) -> RevertOrder.Way? {
        guard dealings.isWritable, dealings.writer != nil else { return nil }
        switch dealings.onFailure {
        case .status: return nil
        case .pullRequest: return .pullRequest
        case .commit: return .commit
        }
    }

    private func order(
        _ app: AppName, _ way: RevertOrder.Way, _ source: WatchedSource, _ candidate: Candidate,
        _ failed: ReleaseNumber, _ good: Release, subject: String, body: String
    ) -> OutboxItem? {
        let files = sources[source.name]?.tree?.files
        let path = candidate.origin.path
        // With others in the same file, their changes would be taken back as well.
        guard way == .pullRequest || (files?[path]?.specs.count ?? 0) <= 1 else {
            emit(
                .reverted, app: app,
                message:
                    "nothing is reverted in git: \(path) holds other apps as well, which would go back with it"
            )
            return nil
        }
        return word(
            "\(app)", .revert, source.name,
            .revert(
                RevertOrder(
                    way: way, source: source.name, app: app,
                    branch: sources[source.name]?.watched.branch ?? "main", failed: failed,
                    failedCommit: candidate.origin.commit.id, path: path, good: good.number,
                    goodCommit: good.origin.commit.id, goodPath: good.origin.path,
                    dependencies: files?[path]?.dependencies ?? [], subject: String(subject.prefix(200)),
                    body: body, at: clock.wall())))
    }

    // MARK: A person's way back

    func revertsByHand(_ app: AppName, _ record: AppRecord) -> Bool {
        guard let source = sources[record.memory.source]?.source else { return false }
        return source.dealings.isWritable && source.dealings.writer != nil && record.candidate != nil
    }

    /// Writes into git what a person has asked of the controller.
    func revertByHand(_ app: AppName, _ record: AppRecord, to release: Release) {
        guard revertsByHand(app, record), let source = sources[record.memory.source]?.source,
            let candidate = record.candidate, candidate.digest != release.specDigest
        else { return }
        let way: RevertOrder.Way = source.dealings.onFailure == .pullRequest ? .pullRequest : .commit
        let number = record.memory.lastGood.map { "\($0.number)" } ?? "what git wants"
        let item = order(
            app, way, source, candidate, record.memory.lastGood?.number ?? release.number, release,
            subject: "Revert \(app) to \(release.number)",
            body:
                "A person went back from \(number) to \(release.number) of \(release.origin.commit.id.short)."
        )
        if let item { pending.outbox.append(item) }
    }
}
