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

/// Writes specs back into the repository.
public protocol SourceWriter: Sendable {
    /// Puts the files of an app back as `order` says, in one commit on top of what the branch has now. Doing it again
    /// changes nothing.
    func revert(_ order: RevertOrder) async throws(SourceError) -> RevertResult
}

public enum RevertResult: Hashable, Sendable {
    /// Pushed; to that branch.
    case pushed(CommitID, branch: String)
    /// The branch has the good files already.
    case nothingToDo
    /// Somebody has changed the app since: theirs counts, and stays.
    case overtaken(String)
}

/// Reads what somebody would like to have merged.
public protocol ProposalReader: Sendable {
    /// Brings the head of a pull request, and works out what its merge into `branch` would be.
    ///
    /// - Parameter reference: on the remote, such as `refs/pull/7/head`.
    /// - Throws: `SourceError` with `refused` where the two cannot be merged without a person.
    func proposal(
        _ reference: String, into branch: String
    ) async throws(SourceError) -> Proposal
}

public struct Proposal: Hashable, Sendable {
    public var base: CommitID
    public var head: CommitID
    /// What the branch would have; it can be read as any other commit, and stands on no branch.
    public var merged: CommitID
    public init(base: CommitID, head: CommitID, merged: CommitID) {
        self.base = base
        self.head = head
        self.merged = merged
    }
}
