import Model
import Planning
import Ports

/// What the end of a rollout says to git.
extension Controller {
    /// Adds to a batch what is to be told of the rollouts that end with it.
    func addWords(to batch: inout StoreBatch) {
        for rollout in batch.rollouts {
            guard let memory = batch.apps[rollout.app] ?? apps[rollout.app]?.memory,
                let source = sources[memory.source]?.source
            else { continue }
            if let item = overtaking(rollout, memory, source) ?? revert(of: rollout, memory, source) {
                batch.outbox.append(item)
            }
            if rollout.outcome != nil, source.dealings.isWritable, source.dealings.ledger != nil {
                batch.outbox.append(outcome(of: rollout, memory))
            }
        }
        for app in batch.forgotten {
            guard let memory = apps[app]?.memory, let source = sources[memory.source]?.source,
                source.dealings.isWritable, source.dealings.ledger != nil
            else { continue }
            var ledger = ledger(of: app, memory)
            ledger.isGone = true
            batch.outbox.append(word("gone/\(app)", .notes, source.name, .outcome(nil, ledger)))
        }
    }

    private func outcome(of rollout: RolloutRecord, _ memory: AppMemory) -> OutboxItem {
        let specs = [memory.lastGood?.spec, memory.rollout?.target.spec, apps[rollout.app]?.candidate?.spec]
        let secrets = Redaction.secrets(of: specs.compactMap(\.self))
        let evidence = rollout.evidence.map { Redaction.hide($0, secrets: secrets) }
        let record = OutcomeRecord(
            installation: configuration.installation, source: memory.source, app: rollout.app,
            release: rollout.release, commit: rollout.commit.id, path: memory.path, image: rollout.image,
            verdict: rollout.outcome ?? .succeeded, because: evidence.first ?? "",
            evidence: Array(evidence.dropFirst().prefix(40)), startedAt: rollout.startedAt,
            endedAt: rollout.endedAt ?? clock.wall())
        return word(
            "\(rollout.app)/\(rollout.release)/\(rollout.startedAt.secondsSince1970)", .notes, memory.source,
            .outcome(record, ledger(of: rollout.app, memory, hiding: secrets)))
    }

    private func ledger(
        of app: AppName, _ memory: AppMemory, hiding secrets: [String] = []
    ) -> AppLedger {
        AppLedger(
            installation: configuration.installation, app: app, source: memory.source,
            nextRelease: memory.nextRelease,
            lastGood: memory.lastGood.map { release in
                AppLedger.ProvenRelease(
                    number: release.number, commit: release.origin.commit.id, path: release.origin.path,
                    spec: release.specDigest, image: release.image.digest,
                    isFromRegistry: release.image.isFromRegistry)
            },
            failed: memory.quarantine.suffix(20).map { entry in
                AppLedger.FailedRelease(
                    number: entry.release, spec: entry.spec, image: entry.image, cause: entry.failure.cause,
                    because: Redaction.hide(entry.failure.message, secrets: secrets))
            }, updatedAt: clock.wall())
    }
}
