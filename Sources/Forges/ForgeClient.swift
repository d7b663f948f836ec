internal import Execution
internal import FoundationEssentials
internal import Glibc
internal import HTTPClient
internal import Ports

/// Calls of a forge's API: signed in, bounded, and each answer that is no success made an error that says what to do.
struct ForgeClient: Sendable {
    let configuration: ForgeConfiguration
    let http: HTTPClient
    /// Headers with the token in them, and others that the forge asks for.
    let headers: @Sendable (_ token: String) -> [(String, String)]
    let account = ForgeAccount()

    private static let timeout = Duration.seconds(20)
    private static let answerLimit = 8 << 20
    private static let pageLimit = 10

    /// A success, and whose it was.
    struct Answer {
        var response: HTTPResponse
        var token: String
    }

    func get<Value: Decodable>(
        _ type: Value.Type, _ path: [String], _ query: [(String, String)] = []
    ) async throws(ForgeError) -> Value {
        try decode(type, try await call("GET", path, query, nil).response.body, path)
    }

    /// All pages of a list, at most ten.
    ///
    /// Whether more follow the forge says, in `Link` or in `X-Total-Count`: how many one page has tells nothing, as
    /// servers give fewer than they are asked for, and GitLab leaves out what the token may not see.
    /// - Parameter size: the parameter's name, and the most that the forge documents for it.
    func list<Value: Decodable>(
        _ type: Value.Type, _ path: [String], _ query: [(String, String)] = [],
        size: (name: String, most: Int) = ("per_page", 100)
    ) async throws(ForgeError) -> [Value] {
        var all: [Value] = []
        for page in 1...Self.pageLimit {
            let paging = [(size.name, "\(size.most)"), ("page", "\(page)")]
            let answer = try await call("GET", path, query + paging, nil).response
            all += try decode([Value].self, answer.body, path)
            if !Self.isFollowed(answer, all.count) { break }
        }
        return all
    }

    private static func isFollowed(_ answer: HTTPResponse, _ count: Int) -> Bool {
        let links = answer.headers.filter { $0.0.lowercased() == "link" }.map(\.1)
        if !links.isEmpty { return links.contains { $0.contains("rel=\"next\"") } }
        // Gitea's list of reviews has this and no links.
        return answer.header("x-total-count").flatMap { Int($0) }.map { count < $0 } ?? false
    }

    func decode<Value: Decodable>(
        _ type: Value.Type, _ body: [UInt8], _ path: [String]
    ) throws(ForgeError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            // The decoder's words may quote the answer.
            throw ForgeError(
                .protocolViolation,
                "\(place(path)) answered something that is not as \(configuration.kind.rawValue) documents it"
            )
        }
    }

    /// Makes something; the answer tells whose the token is, as that is who has made it.
    @discardableResult
    func create(_ path: [String], _ body: some Encodable & Sendable) async throws(ForgeError) -> [UInt8] {
        let answer = try await call("POST", path, [], try encode(body))
        account.learn(from: answer)
        return answer.response.body
    }

    func send(
        _ method: String, _ path: [String], _ body: some Encodable & Sendable
    ) async throws(ForgeError) {
        _ = try await call(method, path, [], try encode(body))
    }

    private func encode(_ body: some Encodable) throws(ForgeError) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(body))
        } catch {
            throw ForgeError(.refused, "what is to be told cannot be written as JSON")
        }
    }

    private func call(
        _ method: String, _ path: [String], _ query: [(String, String)], _ body: [UInt8]?
    ) async throws(ForgeError) -> Answer {
        let token = try token()
        var url = configuration.api + "/" + path.map(Self.encoded).joined(separator: "/")
        if !query.isEmpty {
            url += "?" + query.map { "\(Self.encoded($0.0))=\(Self.encoded($0.1))" }.joined(separator: "&")
        }
        var fields = headers(token) + [("User-Agent", "slipway")]
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
        return Answer(response: response, token: token)
    }

    func place(_ path: [String]) -> String { "\(configuration.api)/\(path.joined(separator: "/"))" }

    func token() throws(ForgeError) -> String {
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
