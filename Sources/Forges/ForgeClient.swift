internal import Execution
internal import FoundationEssentials
internal import Glibc
internal import HTTPClient
internal import Ports

/// Calls of a forge's API: signed in, bounded, and each answer that is no success made an error that says what to do.
struct ForgeClient: Sendable {
    let configuration: ForgeConfiguration
    let http: HTTPClient
    /// Headers with the token in them.
    let headers: @Sendable (_ token: String) -> [(String, String)]

    private static let timeout = Duration.seconds(20)
    private static let answerLimit = 8 << 20

    func get<Value: Decodable>(
        _ type: Value.Type, _ path: [String], _ query: [(String, String)] = []
    ) async throws(ForgeError) -> Value {
        let answer = try await call("GET", path, query, nil)
        do {
            return try JSONDecoder().decode(type, from: Data(answer))
        } catch {
            // The decoder's words may quote the answer.
            throw ForgeError(
                .protocolViolation,
                "\(place(path)) answered something that is not as \(configuration.kind.rawValue) documents it"
            )
        }
    }

    /// All pages of a list, at most ten of 100.
    func list<Value: Decodable>(
        _ type: Value.Type, _ path: [String], _ query: [(String, String)] = [], size: String = "per_page"
    ) async throws(ForgeError) -> [Value] {
        var all: [Value] = []
        for page in 1...10 {
            let found = try await get([Value].self, path, query + [(size, "100"), ("page", "\(page)")])
            all += found
            // Some servers give fewer at once than they are asked for; an empty page is the end everywhere.
            if found.isEmpty { break }
            if found.count < 30 { break }
        }
        return all
    }

    @discardableResult
    func send(
        _ method: String, _ path: [String], _ body: some Encodable & Sendable
    ) async throws(ForgeError) -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = Array(try JSONEncoder().encode(body))
        } catch {
            throw ForgeError(.refused, "what is to be told cannot be written as JSON")
        }
        return try await call(method, path, [], bytes)
    }

    private func call(
        _ method: String, _ path: [String], _ query: [(String, String)], _ body: [UInt8]?
    ) async throws(ForgeError) -> [UInt8] {
        let token = try token()
        var url = configuration.api + "/" + path.map(Self.encoded).joined(separator: "/")
        if !query.isEmpty {
            url += "?" + query.map { "\(Self.encoded($0.0))=\(Self.encoded($0.1))" }.joined(separator: "&")
        }
        var fields = headers(token) + [("User-Agent", "slipway"), ("Accept", "application/json")]
        if body != nil { fields.append(("Content-Type", "application/json")) }
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await http.send(
                HTTPRequest(
                    method: method, url: url, headers: fields, body: body,
                    bodyLimitInBytes: Self.answerLimit, timeout: Self.timeout,
                    caFile: configuration.certificateAuthorityFile))
        } catch {
            let code: ForgeError.Code = error.code == .timeout ? .timeout : .unreachable
            throw ForgeError(code, "\(place(path)): \(error.message)")
        }
        guard (200..<300).contains(response.status) else { throw failure(response, path, token) }
        return response.body
    }

    private func failure(_ response: HTTPResponse, _ path: [String], _ token: String) -> ForgeError {
        let said = Self.message(in: response.body).replacing(token, with: "***")
        let place = "\(place(path)) answered \(response.status)" + (said.isEmpty ? "" : ": \(said)")
        let retry = retryAfter(response)
        switch response.status {
        case 429:
            return ForgeError(.rateLimited, "\(place); asked too often", retryAfterSeconds: retry ?? 60)
        case 403 where retry != nil || response.header("x-ratelimit-remaining") == "0":
            return ForgeError(.rateLimited, "\(place); asked too often", retryAfterSeconds: retry ?? 60)
        case 401, 403:
            return ForgeError(
                .unauthorized, "\(place); check that the token is valid and may do this")
        case 404:
            return ForgeError(
                .notFound, "\(place); check the repository's name, and that the token may see it")
        case 500...599: return ForgeError(.unavailable, place, retryAfterSeconds: retry)
        case 400...499: return ForgeError(.refused, place)
        default:
            return ForgeError(
                .protocolViolation, "\(place), which is not followed; give the address that it leads to")
        }
    }

    /// When the forge wants to be asked again, in seconds from now.
    private func retryAfter(_ response: HTTPResponse) -> Int64? {
        if let seconds = response.header("retry-after").flatMap({ Int64($0) }) {
            return min(max(0, seconds), 3_600)
        }
        guard
            response.header("x-ratelimit-remaining") == "0" || response.header("ratelimit-remaining") == "0",
            let reset = (response.header("x-ratelimit-reset") ?? response.header("ratelimit-reset"))
                .flatMap({ Int64($0) })
        else { return nil }
        return min(max(1, reset - BootClock.wallSeconds()), 3_600)
    }

    private func place(_ path: [String]) -> String { "\(configuration.api)/\(path.joined(separator: "/"))" }

    /// What the forge says is wrong, in one line of at most 200 characters.
    private static func message(in body: [UInt8]) -> String {
        struct Words: Decodable {
            var message: String?
            var error: String?
            enum Key: String, CodingKey { case message, error }
            init(from decoder: any Decoder) throws {
                let fields = try decoder.container(keyedBy: Key.self)
                // GitLab puts a text, a list or a map there.
                message = try? fields.decode(String.self, forKey: .message)
                if message == nil, let list = try? fields.decode([String: [String]].self, forKey: .message) {
                    message = list.map { "\($0.key) \($0.value.joined(separator: ", "))" }.sorted().joined(
                        separator: "; ")
                }
                error = try? fields.decode(String.self, forKey: .error)
            }
        }
        // What is no JSON is a page of some proxy's, of no use in a line.
        guard body.count <= 64 << 10, let words = try? JSONDecoder().decode(Words.self, from: Data(body))
        else { return "" }
        let text = words.message ?? words.error ?? ""
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(200).map { $0.properties.generalCategory == .control ? " " : $0 }))
    }

    private func token() throws(ForgeError) -> String {
        switch configuration.token {
        case .environment(let name):
            guard let text = unsafe getenv(name).map({ unsafe String(cString: $0) }), Self.isToken(text)
            else {
                throw ForgeError(.unauthorized, "the variable \(name) holds no token")
            }
            return text
        case .file(let path):
            guard let data = try? Data(contentsOf: URL(filePath: path)), data.count <= 64 << 10 else {
                throw ForgeError(
                    .unauthorized, "the token file \(path) cannot be read, or is larger than 64 KiB")
            }
            let text = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(
                String.init)
            guard let text, Self.isToken(text) else {
                throw ForgeError(
                    .unauthorized, "the token file \(path) does not hold one line of printable characters")
            }
            return text
        }
    }

    private static func isToken(_ text: String) -> Bool {
        (1...4_096).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    /// Everything but letters, digits, `-`, `.`, `_` and `~` as `%XX`.
    static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        return result
    }
}
