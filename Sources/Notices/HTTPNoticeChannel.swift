internal import Crypto
internal import FoundationEssentials
public import Model
public import Ports

/// A channel that takes one `POST` per notice.
public struct HTTPNoticeChannel: NoticeChannel {
    /// What the receiver understands.
    public enum Form: Sendable {
        /// The notice as JSON, signed with HMAC-SHA256 in `X-Slipway-Signature` where there is a secret.
        case webhook(secret: String?)
        /// Slack's incoming webhooks, and those that take the same: Mattermost, Rocket.Chat, Discord's `/slack`.
        case slack
        /// ntfy: `url` is the server.
        case ntfy(topic: String, token: String?)
    }
    public let name: SourceName
    public let kinds: Set<Notice.Kind>
    private let url: String
    private let form: Form
    private let rule: AddressRule
    private let certificateAuthorityFile: String?
    private let transport: NoticeTransport
    private let timeoutInMilliseconds: Int

    /// - Parameter url: `http` or `https`; never shown but for its host.
    public init(
        name: SourceName, kinds: Set<Notice.Kind>, url: String, form: Form, rule: AddressRule,
        certificateAuthorityFile: String? = nil, timeoutInMilliseconds: Int = 15_000,
        transport: NoticeTransport
    ) {
        self.name = name
        self.kinds = kinds
        self.url = url
        self.form = form
        self.rule = rule
        self.certificateAuthorityFile = certificateAuthorityFile
        self.timeoutInMilliseconds = timeoutInMilliseconds
        self.transport = transport
    }

    public func send(_ notice: Notice) async throws(NoticeError) {
        let (headers, body) = try request(notice)
        let answer = try await transport.perform(
            TransferOrder(
                url: url, content: .post(headers: ["Content-Type: application/json"] + headers, body: body),
                certificateAuthorityFile: certificateAuthorityFile, rule: rule,
                timeoutInMilliseconds: timeoutInMilliseconds))
        let host = Presentable.host(url)
        switch answer.code {
        case 200..<300: return
        case 300..<400:
            throw NoticeError(
                .rejected,
                "\(host) answered \(answer.code): redirects are not followed; give the last address")
        case 429:
            throw NoticeError(
                .rateLimited, "\(host) takes no more for now", retryAfterSeconds: answer.retryAfterSeconds)
        case 400..<500:
            throw NoticeError(.rejected, "\(host) answered \(answer.code); check the URL and the key")
        default:
            throw NoticeError(
                .unavailable, "\(host) answered \(answer.code)", retryAfterSeconds: answer.retryAfterSeconds)
        }
    }

    private struct Hook: Encodable {
        var version = 1
        var id: String
        var installation: String
        var kind: String
        var object: String
        var app: String?
        var release: Int?
        var commit: String?
        var title: String
        var message: String
        var at: Int64
    }
    private struct Slack: Encodable { var text: String }
    private struct Ntfy: Encodable {
        var topic: String
        var title: String
        var message: String
        var priority: Int
        var tags: [String]
    }

    private func request(_ notice: Notice) throws(NoticeError) -> (headers: [String], body: [UInt8]) {
        switch form {
        case .webhook(let secret):
            let body = try encode(
                Hook(
                    id: notice.id, installation: notice.installation.rawValue, kind: notice.kind.rawValue,
                    object: notice.object, app: notice.app?.rawValue, release: notice.release?.value,
                    commit: notice.commit?.rawValue, title: notice.title, message: notice.message,
                    at: notice.at.secondsSince1970))
            guard let secret else { return ([], body) }
            let code = MessageAuthentication.hmacSHA256(key: Array(secret.utf8), message: body)
            return (["X-Slipway-Signature: sha256=\(Hex.encode(code))"], body)
        case .slack:
            let text =
                "*\(Self.escaped(NoticeText.line(notice.title)))*\n\(Self.escaped(notice.message))"
                + "\n_\(Self.escaped(NoticeText.footer(notice)))_"
            return ([], try encode(Slack(text: text)))
        case .ntfy(let topic, let token):
            let body = try encode(
                Ntfy(
                    topic: topic, title: NoticeText.line(notice.title),
                    message: "\(notice.message)\n\(NoticeText.footer(notice))",
                    priority: notice.isTrouble ? 4 : 3,
                    tags: [notice.isTrouble ? "warning" : "white_check_mark"]))
            return (token.map { ["Authorization: Bearer \($0)"] } ?? [], body)
        }
    }

    private func encode(_ value: some Encodable) throws(NoticeError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            throw NoticeError(.internal, "the notice cannot be written as JSON")
        }
    }

    /// The three characters that Slack's format asks to escape; else `<!channel>` in a message would call everybody.
    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}

/// Words that all channels share.
enum NoticeText {
    static func footer(_ notice: Notice) -> String {
        var parts = ["installation \(notice.installation)"]
        if let release = notice.release { parts.append("release \(release)") }
        if let commit = notice.commit { parts.append("commit \(commit.short)") }
        if let app = notice.app, notice.isTrouble { parts.append("slipway why \(app)") }
        return parts.joined(separator: " · ")
    }

    /// On one line and short, for headings.
    static func line(_ text: String) -> String {
        String(text.prefix(200).map { $0.isNewline ? " " : $0 })
    }
}
