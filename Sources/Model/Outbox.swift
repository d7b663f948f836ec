/// Something that somebody outside is to be told, kept in the store until it has arrived.
///
/// It is written in the transaction of what it tells, and goes on its way by itself: whoever does not answer delays
/// nobody.
public struct OutboxItem: Codable, Hashable, Sendable {
    /// What it is about. A newer item of the same key takes the place of an older one that has not arrived.
    public var key: String
    /// Rises with each item of the installation.
    public var sequence: Int64
    /// To whom: items of one lane go one after the other, and one lane does not wait for another.
    public var lane: Lane
    public var content: Content
    public var at: WallTime
    /// Begun so often, each time noted before: from the second time on, it may have arrived already.
    public var attempts: Int

    public enum Content: Codable, Hashable, Sendable {
        case outcome(OutcomeRecord?, AppLedger?)
        case status(CommitStatus)
        case planComment(PlanComment)
        case revert(RevertOrder)
        /// The pull request that takes this app back is of no use any more.
        case closeRevert(AppName, reason: String)
        case notice(Notice)
    }

    public struct Lane: Codable, Hashable, Sendable {
        public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
            case notes, revert, forge, notice
        }
        public var kind: Kind
        /// For a notice the name of the channel.
        public var source: SourceName
        public init(_ kind: Kind, _ source: SourceName) {
            self.kind = kind
            self.source = source
        }
    }

    public init(
        key: String, sequence: Int64, lane: Lane, content: Content, at: WallTime, attempts: Int = 0
    ) {
        self.key = key
        self.sequence = sequence
        self.lane = lane
        self.content = content
        self.at = at
        self.attempts = attempts
    }
}
