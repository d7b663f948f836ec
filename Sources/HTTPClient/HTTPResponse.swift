/// A whole answer.
public struct HTTPResponse: Sendable {
    public var status: Int
    /// In the order of arrival, names as the peer wrote them.
    public var headers: [(String, String)]
    /// Fields that came after the body.
    public var trailers: [(String, String)]
    public var body: [UInt8]

    public init(
        status: Int, headers: [(String, String)] = [], trailers: [(String, String)] = [], body: [UInt8] = []
    ) {
        self.status = status
        self.headers = headers
        self.trailers = trailers
        self.body = body
    }

    /// The first header of that name; the case of letters does not matter.
    public func header(_ name: String) -> String? { firstField(name, in: headers) }
    /// The first trailer of that name; the case of letters does not matter.
    public func trailer(_ name: String) -> String? { firstField(name, in: trailers) }
}

/// The head of an answer whose body is still coming.
public struct HTTPStream: Sendable {
    public var status: Int
    /// In the order of arrival, names as the peer wrote them.
    public var headers: [(String, String)]
    /// The body in pieces, for one reader. It is held back while the reader is slow; letting go of it, or
    /// cancelling the reader, ends the exchange. Fails with `HTTPError`.
    public var body: AsyncThrowingStream<[UInt8], any Error>

    /// The first header of that name; the case of letters does not matter.
    public func header(_ name: String) -> String? { firstField(name, in: headers) }
}

private func firstField(_ name: String, in fields: [(String, String)]) -> String? {
    let wanted = name.lowercased()
    return fields.first { $0.0.lowercased() == wanted }?.1
}
