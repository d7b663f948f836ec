/// Why somebody is not let in. Says nothing of what they have sent.
public struct AccessDenial: Error, Sendable, Hashable {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case missing, wrong, expired, revoked
        /// Too many wrong attempts from the address.
        case throttled
    }
    public var code: Code
    /// A sentence for the client.
    public var message: String
    /// The token that it was, where its secret was right: for the audit log.
    public var actor: String?
    public var retryAfterInSeconds: Int64?

    init(_ code: Code, _ message: String, actor: String? = nil, retryAfterInSeconds: Int64? = nil) {
        self.code = code
        self.message = message
        self.actor = actor
        self.retryAfterInSeconds = retryAfterInSeconds
    }
}
