internal import HTTPClient
internal import Model

/// Speaks to the controller's API.
struct ControlClient: Sendable {
    /// Where the controller listens.
    enum Endpoint: Sendable, Hashable {
        case socket(String)
        /// `base` without a slash at its end.
        case server(base: String, token: String?)

        var name: String {
            switch self {
            case .socket(let path): path
            case .server(let base, _): base
            }
        }
    }

    enum Failure: Error, Sendable, Hashable {
        /// No answer: exit code 4.
        case unreachable(String)
        /// An answer that is not a success: exit code 5.
        case refused(code: String, message: String)

        var message: String {
            switch self {
            case .unreachable(let message): message
            case .refused(_, let message): message
            }
        }
        var exitCode: Int32 {
            switch self {
            case .unreachable: 4
            case .refused: 5
            }
        }
    }

    let endpoint: Endpoint
    let client = HTTPClient()

    init(endpoint: Endpoint) { self.endpoint = endpoint }

    func get<Value: Decodable>(
        _ type: Value.Type, _ path: [String], _ query: [(String, String?)] = []
    ) async throws(Failure) -> Value {
        try decode(type, from: try await send("GET", path, query, body: nil))
    }

    func post<Value: Decodable>(
        _ type: Value.Type, _ path: [String], _ body: (some Encodable)?
    ) async throws(Failure) -> Value {
        var bytes: [UInt8] = []
        if let body {
            do {
                bytes = try WireCoding.encode(body)
            } catch {
                throw .refused(code: "invalid", message: "the request cannot be written as JSON")
            }
        }
        return try decode(type, from: try await send("POST", path, [], body: bytes))
    }

    private func send(
        _ method: String, _ path: [String], _ query: [(String, String?)], body: [UInt8]?
    ) async throws(Failure) -> [UInt8] {
        var request = request(method, path, query)
        request.body = body
        // A plan or a sync fetches from a remote before it answers.
        request.timeout = .seconds(90)
        request.bodyLimitInBytes = 64 << 20
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await client.send(request)
        } catch {
            throw unreachable(error)
        }
        guard response.status == 200 else { throw refusal(status: response.status, body: response.body) }
        return response.body
    }

    /// The events of a stream, heartbeats left out. Ends when the controller ends it; fails with `Failure`.
    func events(
        _ path: [String], _ query: [(String, String?)] = []
    ) async throws(Failure) -> ControlEvents {
        var request = request("GET", path, query)
        request.headers.append(("Accept", "text/event-stream"))
        // Heartbeats come every 15 s: silence for four of them is a dead peer.
        request.idleTimeout = .seconds(60)
        let response: HTTPStream
        do throws(HTTPError) {
            response = try await client.stream(request)
        } catch {
            throw unreachable(error)
        }
        guard response.status == 200 else {
            var body: [UInt8] = []
            do {
                for try await piece in response.body where body.count < 1 << 20 { body += piece }
            } catch {
                // What came of the explanation is what there is.
            }
            throw refusal(status: response.status, body: body)
        }
        return ControlEvents(body: response.body, endpoint: endpoint)
    }

    func request(_ method: String, _ path: [String], _ query: [(String, String?)]) -> HTTPRequest {
        var target = path.map { "/" + Self.escaped($0) }.joined()
        let pairs = query.compactMap { key, value in value.map { "\(key)=\(Self.escaped($0))" } }
        if !pairs.isEmpty { target += "?" + pairs.joined(separator: "&") }
        switch endpoint {
        case .socket(let socket):
            return HTTPRequest(method: method, url: "http://slipway" + target, unixSocket: socket)
        case .server(let base, let token):
            let headers = token.map { [("Authorization", "Bearer \($0)")] } ?? []
            return HTTPRequest(method: method, url: base + target, headers: headers)
        }
    }

    /// All but unreserved characters as `%XX`.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }

    func decode<Value: Decodable>(_ type: Value.Type, from body: [UInt8]) throws(Failure) -> Value {
        do {
            return try WireCoding.decode(type, from: body)
        } catch {
            throw .refused(
                code: "protocol",
                message: "the answer of \(endpoint.name) is not what this version expects; "
                    + "slipway \(Build.version) and the controller may be of different versions")
        }
    }

    private func unreachable(_ error: HTTPError) -> Failure { Self.unreachable(error, endpoint) }

    static func unreachable(_ error: HTTPError, _ endpoint: Endpoint) -> Failure {
        var message = "cannot reach the controller at \(endpoint.name): \(error.message)"
        if case .socket = endpoint {
            message += "; is slipwayd running, and may you open its socket? (--socket, --server)"
        } else {
            message += "; check --server and that slipwayd listens there"
        }
        return .unreachable(message)
    }

    func refusal(status: Int, body: [UInt8]) -> Failure {
        if let report = try? WireCoding.decode(ErrorReport.self, from: body) {
            if status == 401 {
                return .refused(
                    code: report.error.code,
                    message:
                        "\(report.error.message); give the token with --token-file or $SLIPWAY_TOKEN_FILE")
            }
            return .refused(code: report.error.code, message: report.error.message)
        }
        return .refused(
            code: "http", message: "\(endpoint.name) answered with status \(status); is that a controller?")
    }
}
