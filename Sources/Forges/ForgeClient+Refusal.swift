internal import Execution
internal import FoundationEssentials
internal import HTTPClient
internal import Ports

/// An answer that is no success, as an error that says what to do.
extension ForgeClient {
    func failure(_ response: HTTPResponse, _ path: [String], _ token: String) -> ForgeError {
        let said = ForgeWords.text(in: response.body).replacing(token, with: "***")
        let place = "\(place(path)) answered \(response.status)" + (said.isEmpty ? "" : ": \(said)")
        let retry = Self.retryAfter(response)
        switch response.status {
        case _ where Self.isLimit(response, said):
            // Without a word of how long, GitHub asks for a minute at least.
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

    /// GitHub says 403 for its limits as well: the primary one shows in a header, the secondary one perhaps in
    /// nothing but its words.
    private static func isLimit(_ response: HTTPResponse, _ said: String) -> Bool {
        response.status == 429
            || response.status == 403
                && (retryAfter(response) != nil || response.header("x-ratelimit-remaining") == "0"
                    || said.lowercased().contains("rate limit"))
    }

    /// When the forge wants to be asked again, in seconds from now, at most an hour.
    private static func retryAfter(_ response: HTTPResponse) -> Int64? {
        if let seconds = response.header("retry-after").flatMap({ Int64($0) }) {
            return min(max(0, seconds), 3_600)
        }
        guard
            response.header("x-ratelimit-remaining") == "0" || response.header("ratelimit-remaining") == "0",
            let reset = (response.header("x-ratelimit-reset") ?? response.header("ratelimit-reset"))
                .flatMap({ Int64($0) })
        else { return nil }
        let (wait, overflows) = reset.subtractingReportingOverflow(BootClock.wallSeconds())
        return overflows ? nil : min(max(1, wait), 3_600)
    }
}

/// What a forge says is wrong.
///
/// GitHub and Gitea put a text into `message`, GitHub the details into a list `errors`; GitLab puts a text, a list,
/// or a map into `message`, or a text into `error`.
enum ForgeWords {
    /// One line of at most 200 characters; empty where there is nothing to be read.
    static func text(in body: [UInt8]) -> String {
        // What is no JSON is a page of some proxy's, of no use in a line.
        guard body.count <= 64 << 10,
            let answer = try? JSONDecoder().decode([String: Value].self, from: Data(body))
        else { return "" }
        var parts = [answer["message"] ?? answer["error"], answer["error_description"]]
            .compactMap { $0?.line }
        if case .list(let errors)? = answer["errors"] { parts += errors.map(\.detail) }
        let text = parts.filter { !$0.isEmpty }.joined(separator: ": ")
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(200).map { $0.properties.generalCategory == .control ? " " : $0 }))
    }

    enum Value: Decodable {
        case text(String)
        case list([Value])
        case map([String: Value])
        case other

        init(from decoder: any Decoder) throws {
            // No forge nests its words deeper, and nobody else's nesting is followed.
            guard decoder.codingPath.count <= 4 else {
                self = .other
                return
            }
            let value = try decoder.singleValueContainer()
            if let text = try? value.decode(String.self) {
                self = .text(text)
            } else if let list = try? value.decode([Value].self) {
                self = .list(list)
            } else if let map = try? value.decode([String: Value].self) {
                self = .map(map)
            } else {
                self = .other
            }
        }

        var line: String {
            switch self {
            case .text(let text): text
            case .list(let list): list.map(\.line).filter { !$0.isEmpty }.joined(separator: ", ")
            case .map(let map):
                map.map { "\($0.key) \($0.value.line)" }.sorted().joined(separator: "; ")
            case .other: ""
            }
        }

        /// An entry of GitHub's `errors`: its words where it has some, else the field and a code.
        var detail: String {
            guard case .map(let map) = self else { return line }
            if let words = map["message"]?.line, !words.isEmpty { return words }
            return [map["field"], map["code"]].compactMap { $0?.line }.joined(separator: " ")
        }
    }
}
