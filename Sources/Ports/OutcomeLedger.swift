public import Model

/// Outcomes of deploys, kept in the repository that the specs are in.
public protocol OutcomeLedger: Sendable {
    /// What the last fetch has brought of these apps; apps that nothing is written of are left out.
    ///
    /// The work follows the number of apps, not that of notes. What is written and makes no sense counts as missing.
    func ledgers(
        of installation: InstallationName, apps: [AppName]
    ) async throws(SourceError) -> [AppName: AppLedger]
    /// What the note of a commit says, oldest first, as of the last fetch.
    func outcomes(at commit: CommitID) async throws(SourceError) -> [OutcomeRecord]
    /// Adds to the notes and pushes them; where somebody else has written meanwhile, on top of theirs. Doing it again
    /// changes nothing.
    func publish(_ outcomes: [OutcomeRecord], _ ledgers: [AppLedger]) async throws(SourceError)
}
