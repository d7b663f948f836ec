public import Ports

/// What a source's repository and its forge are told, and asked, beside the specs.
public struct SourceDealings: Sendable {
    /// Where outcomes stand; `nil`: the repository cannot hold any.
    public var ledger: (any OutcomeLedger)?
    /// There are credentials to push with. Without them outcomes stay in the store.
    public var isWritable: Bool
    public var writer: (any SourceWriter)?
    public var proposals: (any ProposalReader)?
    public var forge: (any Forge)?
    /// What a release that failed leads to, beside the way back.
    public var onFailure: FailureResponse
    /// A commit that does something else than what was shown before the merge waits for a person.
    public var requiresPlan: Bool
    /// Commits are signed by people who may. Notes are not, so no image is taken from them then.
    public var isVerified: Bool

    public enum FailureResponse: String, Sendable, Hashable, CaseIterable {
        case status
        case pullRequest = "pull_request"
        case commit
    }

    public init(
        ledger: (any OutcomeLedger)? = nil, isWritable: Bool = false, writer: (any SourceWriter)? = nil,
        proposals: (any ProposalReader)? = nil, forge: (any Forge)? = nil,
        onFailure: FailureResponse = .status, requiresPlan: Bool = false, isVerified: Bool = false
    ) {
        self.ledger = ledger
        self.isWritable = isWritable
        self.writer = writer
        self.proposals = proposals
        self.forge = forge
        self.onFailure = onFailure
        self.requiresPlan = requiresPlan
        self.isVerified = isVerified
    }
}
