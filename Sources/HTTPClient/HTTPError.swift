/// Why there was no answer. An answer with status 500 is not an error of this kind.
public struct HTTPError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// No connection came about: the peer certainly has not seen the request.
        case unreachable
        /// The connection broke: the peer may have acted on the request.
        case connectionLost
        case timeout
        /// The body is longer than the request allows.
        case tooLarge
        case tls
        /// What came is not HTTP.
        case protocolViolation
        /// The task was cancelled, or the client is gone.
        case cancelled
        case invalidRequest
        /// This machine has run out of descriptors, memory or ports.
        case exhausted
    }

    public var code: Code
    /// What failed, one sentence without a full stop.
    public var message: String
    /// Without credentials, query and fragment.
    public var url: String

    public init(_ code: Code, _ message: String, url: String) {
        self.code = code
        self.message = message
        self.url = url
    }

    public var description: String { "\(url): \(message)" }

    /// `url` without what might be a secret: user, password, query and fragment.
    static func presentable(_ url: String) -> String {
        var rest = url.prefix { $0 != "?" && $0 != "#" }
        guard let scheme = rest.firstRange(of: "://") else { return String(rest.prefix(300)) }
        let start = String(rest[..<scheme.upperBound])
        rest = rest[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        if let at = authority.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        return start + rest.prefix(300)
    }
}
