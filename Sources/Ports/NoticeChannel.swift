public import Model

/// A way to people: a webhook, a chat, a phone, a mailbox. Told what happened, never asked before a deploy.
///
/// Every call has a deadline of its own inside the adapter, and is safe to repeat: a notice has an id.
public protocol NoticeChannel: Sendable {
    /// By the grammar of names; unique in the configuration.
    var name: SourceName { get }
    /// What it wants to be told.
    var kinds: Set<Notice.Kind> { get }
    func send(_ notice: Notice) async throws(NoticeError)
}

/// Why a notice was not taken.
public struct NoticeError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case unreachable, timeout
        /// The address leads to this machine or to a place that no notice is for, and the configuration does not allow it.
        case refusedAddress = "refused_address"
        /// Said no for good: a wrong address, a wrong key, a mailbox that does not exist.
        case rejected
        /// Said no for now: 5xx, or 4yz of SMTP.
        case unavailable
        case rateLimited = "rate_limited"
        case tls
        case `internal`
    }
    public var code: Code
    /// What failed and what to do about it; no token, no path of a URL.
    public var message: String
    public var retryAfterSeconds: Int64?
    public init(_ code: Code, _ message: String, retryAfterSeconds: Int64? = nil) {
        self.code = code
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }
    public var description: String { message }
    /// Told in the same words again, the answer would be the same.
    public var isFinal: Bool { code == .rejected || code == .refusedAddress }
}
