/// One request. Only `http` and `https`, never through a proxy, whatever the environment says.
public struct HTTPRequest: Sendable {
    public enum ProtocolVersion: Sendable, Hashable {
        /// HTTP/1.1, or what TLS negotiates.
        case automatic
        /// HTTP/2 in clear text without an upgrade, as gRPC servers speak it.
        case http2PriorKnowledge
    }

    /// `GET`, `POST` and so on, upper case.
    public var method: String
    /// With scheme and host; percent-encoded: a space or a control character is refused.
    public var url: String
    /// Connect to this Unix socket; the URL's host is then only the `Host` header.
    public var unixSocket: String?
    /// Sent as they are, `Host` included. A control character in a name or value is refused.
    public var headers: [(String, String)]
    public var body: [UInt8]?
    /// A longer answer is refused as `tooLarge` by `send`; `stream` has no limit, as its reader sets the pace.
    public var bodyLimitInBytes: Int
    /// For `send` until the last byte; for `stream` until the head has come.
    public var timeout: Duration
    /// The longest silence of the peer while a body is on its way; `nil`: no limit but `timeout`.
    public var idleTimeout: Duration?
    public var protocolVersion: ProtocolVersion
    /// At most five, credentials to the first host only.
    public var followsRedirects: Bool
    /// A file with the only certificate authorities to trust, PEM; `nil`: the system's.
    public var caFile: String?
    /// `false`: a connection of its own, closed after the answer, as a probe wants it.
    public var reusesConnection: Bool

    public init(
        method: String = "GET", url: String, unixSocket: String? = nil, headers: [(String, String)] = [],
        body: [UInt8]? = nil, bodyLimitInBytes: Int = 16 << 20, timeout: Duration = .seconds(30),
        idleTimeout: Duration? = nil, protocolVersion: ProtocolVersion = .automatic,
        followsRedirects: Bool = false, caFile: String? = nil, reusesConnection: Bool = true
    ) {
        self.method = method
        self.url = url
        self.unixSocket = unixSocket
        self.headers = headers
        self.body = body
        self.bodyLimitInBytes = bodyLimitInBytes
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        self.protocolVersion = protocolVersion
        self.followsRedirects = followsRedirects
        self.caFile = caFile
        self.reusesConnection = reusesConnection
    }
}

extension HTTPRequest {
    /// Refuses what would change the meaning of the request on the wire.
    func validate() throws(HTTPError) {
        func refuse(_ message: String) -> HTTPError {
            HTTPError(.invalidRequest, message, url: HTTPError.presentable(url))
        }
        let isPlainMethod = method.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        guard !method.isEmpty, method.utf8.count <= 16, isPlainMethod else {
            throw refuse("the method is not an upper-case word")
        }
        guard !url.isEmpty, url.utf8.count <= 16_384, url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw refuse("the URL is empty, too long, or has a space or control character in it")
        }
        let scheme = url.prefix(8).lowercased()
        guard scheme.hasPrefix("http://") || scheme.hasPrefix("https://") else {
            throw refuse("only http and https are spoken")
        }
        for (name, value) in headers {
            guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenByte) else {
                throw refuse("a header's name has a character that is not allowed there")
            }
            guard value.utf8.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7f }) else {
                throw refuse("the value of header \(name) has a control character in it")
            }
        }
        if let unixSocket {
            // The kernel's limit of an address, its final zero included.
            guard (1...107).contains(unixSocket.utf8.count), !unixSocket.utf8.contains(0) else {
                throw refuse("the path of the Unix socket must have 1 to 107 bytes")
            }
        }
        if let caFile, caFile.utf8.contains(0) {
            throw refuse("the path of the CA file has a zero byte in it")
        }
    }

    /// The characters of a token in RFC 9110, section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
