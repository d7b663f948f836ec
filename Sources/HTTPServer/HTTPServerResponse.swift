internal import Execution

/// What a handler answers.
public struct HTTPServerResponse: Sendable {
    public enum Body: Sendable {
        case bytes([UInt8])
        /// Sent as it comes, one element at a time; the server holds back when the peer reads slowly, so bound the
        /// stream's own buffer. When the peer goes away the iteration is cancelled, which ends the stream.
        case stream(AsyncStream<[UInt8]>)
        /// With status 101: the connection changes to another protocol, which the request has asked for.
        case upgrade(HTTPServerUpgrade)
    }

    /// 200 to 599, or 101 with `Body.upgrade`; anything else is sent as 500 with an empty body.
    public var status: Int
    /// Sent as given; a header with a line break in it is left out. `Date`, `Content-Length`,
    /// `Transfer-Encoding` and `Connection` are the server's own.
    public var headers: [(String, String)]
    public var body: Body

    public init(status: Int, headers: [(String, String)] = [], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Answers a request. Its task is cancelled when the peer goes away, the deadline passes or the server stops.
public typealias HTTPHandler = @Sendable (HTTPServerRequest) async -> HTTPServerResponse

extension HTTPServerResponse {
    /// The server's own answers, for people.
    init(plain status: Int, _ message: String) {
        self.init(
            status: status, headers: [("Content-Type", "text/plain; charset=utf-8")],
            body: .bytes(Array((message + "\n").utf8)))
    }

    var bytes: [UInt8] {
        switch body {
        case .bytes(let bytes): bytes
        case .stream, .upgrade: []
        }
    }

    /// Whether the body goes with the status.
    var isValid: Bool {
        if case .upgrade = body { return status == 101 }
        return (200...599).contains(status)
    }

    /// Event streams have no end of their own, so a stopping server does not wait for it.
    var isEventStream: Bool {
        guard case .stream = body else { return false }
        return headers.contains {
            $0.0.lowercased() == "content-type" && $0.1.lowercased().hasPrefix("text/event-stream")
        }
    }
}
