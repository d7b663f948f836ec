/// A request as a handler sees it: complete, bounded, and decoded.
public struct HTTPServerRequest: Sendable {
    /// Where a request came in.
    public enum Listener: Sendable, Hashable { case unix, tcp }

    /// As sent: `GET`, `POST`.
    public var method: String
    /// Percent-decoded valid UTF-8 without control characters; begins with `/`; the query is not part of it.
    public var path: String
    /// The parts of the path between slashes, each decoded on its own, empty ones left out.
    public var segments: [String]
    /// Decoded; of a key given twice the first value counts; a key without `=` has an empty value.
    public var query: [String: String]
    /// Names in lower case; values of a repeated name joined by `, `.
    public var headers: [String: String]
    /// At most as long as the configuration's limit for the route.
    public var body: [UInt8]
    public var listener: Listener
    /// The peer's numeric address and port, or `unix`.
    public var remote: String
    /// The user id of the peer over the Unix socket, as the kernel knows it; `nil` over TCP.
    public var peerUser: UInt32?

    public init(
        method: String, path: String, segments: [String], query: [String: String] = [:],
        headers: [String: String] = [:], body: [UInt8] = [], listener: Listener, remote: String,
        peerUser: UInt32? = nil
    ) {
        self.peerUser = peerUser
        self.method = method
        self.path = path
        self.segments = segments
        self.query = query
        self.headers = headers
        self.body = body
        self.listener = listener
        self.remote = remote
    }
}
