internal import Execution
internal import FoundationEssentials
internal import HTTPClient
internal import Model
internal import Ports
internal import Synchronization

/// The engine's HTTP API: versions, deadlines, and errors as the port has them.
final class DockerAPI: Sendable {
    /// What the engine has said of itself.
    struct Peer: Sendable, Hashable {
        var version: APIVersion
        var engineName: String
        var engineVersion: String
        /// As in image configurations, `amd64`; empty if unknown.
        var architecture: String
        var isPodman: Bool
        /// The engine writes logs as JSON files by default, which grow without bound unless told otherwise.
        var logsToJSONFiles: Bool
    }

    struct Call {
        var method: String
        /// Without the version; the pieces are percent-encoded.
        var path: [String]
        var query: [(String, String)] = []
        var headers: [(String, String)] = []
        var body: [UInt8]?
        var timeout: TimeSpan
        var bodyLimitInBytes = 16 << 20
        /// `false`: on a connection of its own. On one that was used before, a call whose connection turns out to be
        /// closed is sent again without a word.
        var reusesConnection = true

        var name: String { "\(method) /\(path.joined(separator: "/"))" }
    }

    private let socketPath: String
    private let client: HTTPClient
    private let callTimeout: TimeSpan
    private let knownPeer = Mutex<Peer?>(nil)

    init(socketPath: String, client: HTTPClient, callTimeout: TimeSpan) {
        self.socketPath = socketPath
        self.client = client
        self.callTimeout = callTimeout
    }

    // MARK: Calls

    /// An answer with a status below 400, or one of `accepting`.
    func send(_ call: Call, accepting: Set<Int> = []) async throws(EngineError) -> HTTPResponse {
        let response = try await negotiated(call) { request throws(HTTPError) in
            try await self.client.send(request)
        } rejected: { response in
            response.status == 400 && EngineMessage.text(of: response.body).contains("client version")
        }
        guard response.status < 400 || accepting.contains(response.status) else {
            throw EngineMessage.error(status: response.status, body: response.body, call: call.name)
        }
        return response
    }

    /// Sends, and decodes the answer's JSON.
    func decode<Value: Decodable>(_ type: Value.Type, _ call: Call) async throws(EngineError) -> Value {
        let response = try await send(call)
        return try Self.decode(type, response.body, call: call.name)
    }

    /// The same, with `nil` for 404.
    func decodeIfThere<Value: Decodable>(_ type: Value.Type, _ call: Call) async throws(EngineError) -> Value?
    {
        let response = try await send(call, accepting: [404])
        guard response.status != 404 else { return nil }
        return try Self.decode(type, response.body, call: call.name)
    }

    /// The head of an answer with a status below 400, and its body as it comes.
    func stream(_ call: Call, idleTimeout: TimeSpan?) async throws(EngineError) -> HTTPStream {
        let stream = try await negotiated(call, idleTimeout: idleTimeout) { request throws(HTTPError) in
            try await self.client.stream(request)
        } rejected: { _ in
            false
        }
        guard stream.status < 400 else {
            let body = try await Self.collect(stream, call: call.name)
            if body.status == 400, EngineMessage.text(of: body.bytes).contains("client version") { forget() }
            throw EngineMessage.error(status: stream.status, body: body.bytes, call: call.name)
        }
        return stream
    }

    /// A connection that has left HTTP, as the engine does for the streams of commands and containers.
    func upgrade(_ call: Call) async throws(EngineError) -> ByteChannel {
        let upgrade = try await negotiated(call) { request throws(HTTPError) in
            try await self.client.upgrade(request, to: "tcp")
        } rejected: { upgrade in
            guard case .refused(let response) = upgrade, response.status == 400 else { return false }
            return EngineMessage.text(of: response.body).contains("client version")
        }
        switch upgrade {
        case .switched(_, let channel): return channel
        case .refused(let response):
            throw EngineMessage.error(status: response.status, body: response.body, call: call.name)
        }
    }

    private static func collect(
        _ stream: HTTPStream, call: String
    ) async throws(EngineError) -> (status: Int, bytes: [UInt8]) {
        var bytes: [UInt8] = []
        do {
            for try await piece in stream.body {
                bytes += piece
                if bytes.count > 65_536 { break }
            }
        } catch {
            // The status says enough; its text is a courtesy.
        }
        return (stream.status, bytes)
    }

    static func decode<Value: Decodable>(
        _ type: Value.Type, _ bytes: [UInt8], call: String
    ) throws(EngineError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw EngineError(
                .protocolViolation,
                "the engine's answer is not the JSON that was expected: \(jsonFault(error))",
                call: call)
        }
    }

    static func encode(_ value: some Encodable, call: String) throws(EngineError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(value))
        } catch {
            throw EngineError(
                .invalid, "the request cannot be written as JSON: \(jsonFault(error))", call: call)
        }
    }

    private static func jsonFault(_ error: any Error) -> String {
        let context: DecodingError.Context? =
            switch error {
            case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
                DecodingError.keyNotFound(_, let context), DecodingError.dataCorrupted(let context):
                context
            default: nil
            }
        guard let context else { return "it is cut or malformed" }
        let place = context.codingPath.map(\.stringValue).joined(separator: ".")
        return place.isEmpty ? "it is cut or malformed" : "the value of \(place) is of another kind"
    }

    // MARK: Versions

    /// Who the engine is, asked once per connection.
    func peer() async throws(EngineError) -> Peer {
        if let peer = knownPeer.withLock({ $0 }) { return peer }
        return try await negotiate()
    }

    /// Asks the engine who it is, whatever was known before.
    func negotiate() async throws(EngineError) -> Peer {
        let version = try await unversioned(Wire.Version.self, "/version")
        guard let highest = version.apiVersion.flatMap(APIVersion.init) else {
            throw EngineError(
                .protocolViolation, "the engine does not tell its API version", call: "GET /version")
        }
        let lowest = version.minAPIVersion.flatMap(APIVersion.init) ?? APIVersion(1, 0)
        let agreed: APIVersion
        switch APIVersion.agree(lowest: lowest, highest: highest) {
        case .success(let version): agreed = version
        case .failure(let disagreement):
            throw EngineError(.invalid, disagreement.reason, call: "GET /version")
        }
        let info = try await unversioned(Wire.Info.self, "/v\(agreed)/info")
        let isPodman =
            version.components?.contains { $0.name?.lowercased().contains("podman") == true } ?? false
        let peer = Peer(
            version: agreed, engineName: isPodman ? "Podman" : "Docker",
            engineVersion: version.version ?? "unknown",
            architecture: version.architecture ?? "", isPodman: isPodman,
            logsToJSONFiles: info.loggingDriver == "json-file")
        knownPeer.withLock { $0 = peer }
        return peer
    }

    /// The engine may be another one after it was away.
    private func forget() { knownPeer.withLock { $0 = nil } }

    private func unversioned<Value: Decodable>(
        _ type: Value.Type, _ path: String
    ) async throws(EngineError) -> Value {
        let request = HTTPRequest(
            url: "http://docker\(path)", unixSocket: socketPath, timeout: callTimeout.duration)
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await client.send(request)
        } catch {
            throw engineError(error, call: "GET \(path)")
        }
        guard response.status < 400 else {
            throw EngineMessage.error(status: response.status, body: response.body, call: "GET \(path)")
        }
        return try Self.decode(type, response.body, call: "GET \(path)")
    }

    /// Sends `call` in the agreed version; anew, once, if the engine has meanwhile changed its mind about versions.
    private func negotiated<Answer>(
        _ call: Call, idleTimeout: TimeSpan? = nil,
        _ send: (HTTPRequest) async throws(HTTPError) -> Answer, rejected: (Answer) -> Bool
    ) async throws(EngineError) -> Answer {
        for attempt in 1...2 {
            let version = try await peer().version
            var url = "http://docker/v\(version)"
            for piece in call.path { url += "/" + Self.percentEncoded(piece, keepsSlashes: false) }
            for (number, (key, value)) in call.query.enumerated() {
                url += (number == 0 ? "?" : "&") + key + "=" + Self.percentEncoded(value, keepsSlashes: true)
            }
            var headers = call.headers
            if call.body != nil, !headers.contains(where: { $0.0 == "Content-Type" }) {
                headers.append(("Content-Type", "application/json"))
            }
            let request = HTTPRequest(
                method: call.method, url: url, unixSocket: socketPath, headers: headers, body: call.body,
                bodyLimitInBytes: call.bodyLimitInBytes, timeout: call.timeout.duration,
                idleTimeout: idleTimeout?.duration, reusesConnection: call.reusesConnection)
            do throws(HTTPError) {
                let answer = try await send(request)
                guard rejected(answer), attempt == 1 else { return answer }
                forget()
            } catch {
                throw engineError(error, call: call.name)
            }
        }
        // The loop returns or throws in its second round.
        throw EngineError(.protocolViolation, "the engine refuses every API version", call: call.name)
    }

    func engineError(_ error: HTTPError, call: String) -> EngineError {
        switch error.code {
        case .unreachable:
            forget()
            return EngineError(
                .unreachable,
                "cannot connect to the engine at \(socketPath): \(error.message); is it running, and "
                    + "may this user open the socket?", call: call)
        case .connectionLost:
            forget()
            return EngineError(
                .unreachable, "the connection to the engine broke: \(error.message)", call: call)
        case .timeout: return EngineError(.timeout, "the engine gave \(error.message)", call: call)
        case .tooLarge, .protocolViolation, .tls:
            return EngineError(.protocolViolation, error.message, call: call)
        case .invalidRequest: return EngineError(.invalid, error.message, call: call)
        case .cancelled, .exhausted: return EngineError(.internal, error.message, call: call)
        }
    }

    /// Everything but letters, digits and `-._~` is encoded; `:` and `,` too, which do not need it but may have it.
    static func percentEncoded(_ text: String, keepsSlashes: Bool) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            case UInt8(ascii: "/") where keepsSlashes: bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
