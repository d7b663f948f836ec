internal import Execution
public import Model
public import Ports

extension GitRepository: OutcomeLedger {
    public func ledgers(
        of installation: InstallationName, apps: [AppName]
    ) async throws(SourceError) -> [AppName: AppLedger] {
        guard let snapshot = try await notes() else { return [:] }
        return await pool.run { [self] in
            var found: [AppName: AppLedger] = [:]
            for app in apps {
                let path = NotesPlace.ledger(of: app, installation).joined(separator: "/")
                // Missing, hostile or of a newer version: nothing is known of the app then.
                guard let bytes = try? snapshot.read(path, maximumSizeInBytes: NotesPlace.ledgerLimitInBytes),
                    var ledger = try? WireCoding.decode(AppLedger.self, from: bytes),
                    ledger.version == AppLedger.currentVersion, ledger.app == app,
                    ledger.installation == installation
                else { continue }
                // Notes are not signed: what they name has to be part of what is.
                if let good = ledger.lastGood, !isTrusted(good.commit) { ledger.lastGood = nil }
                found[app] = ledger
            }
            return found
        }
    }

    public func outcomes(at commit: CommitID) async throws(SourceError) -> [OutcomeRecord] {
        guard let snapshot = try await notes() else { return [] }
        return await pool.run {
            for place in NotesPlace.notes(of: commit) {
                let path = place.joined(separator: "/")
                // Not at this place; git splits the names as it likes.
                guard let bytes = try? snapshot.read(path, maximumSizeInBytes: NoteText.limitInBytes) else {
                    continue
                }
                return NoteText(bytes).records
            }
            return []
        }
    }

    public func publish(
        _ outcomes: [OutcomeRecord], _ ledgers: [AppLedger]
    ) async throws(SourceError) {
        guard !outcomes.isEmpty || !ledgers.isEmpty else { return }
        _ = try await publish(.outcomes(outcomes, ledgers))
    }

    /// The tree of the notes, as the last fetch has brought it.
    private func notes() async throws(SourceError) -> (any TreeSnapshot)? {
        guard let head = notesHead else { return nil }
        return try await snapshot(at: head)
    }
}
