internal import Execution
internal import FoundationEssentials
public import Model

/// What a forge calls us with: who it is comes first, and only then what it says.
public struct Webhook: Sendable {
    /// A larger body is refused unread.
    public static let bodyLimitInBytes = 1 << 20

    public enum Failure: Error, Sendable, Hashable {
        /// No signature, or not one that the secret makes.
        case unsigned
        /// Signed, and not what the forge documents.
        case malformed(String)
        case tooLarge
    }

    private let kind: ForgeConfiguration.Kind
    private let signature: WebhookSignature

    /// - Parameter secret: at least 16 bytes, shorter ones are guessed; for GitLab perhaps a signing token, which is
    ///   `whsec_` and the Base64 of at least 16 bytes.
    public init?(kind: ForgeConfiguration.Kind, secret: String) {
        self.init(kind: kind, secret: secret) { BootClock.wallSeconds() }
    }

    /// - Parameter now: seconds since 1970; what GitLab signs says when, and is not heard later.
    public init?(kind: ForgeConfiguration.Kind, secret: String, now: @escaping @Sendable () -> Int64) {
        guard let signature = WebhookSignature(kind: kind, secret: secret, now: now) else { return nil }
        self.kind = kind
        self.signature = signature
    }

    /// - Parameters:
    ///   - headers: names in lower case.
    ///   - body: as it came; it is not looked into before the signature was found right.
    public func read(headers: [String: String], body: [UInt8]) throws(Failure) -> ForgeEvent {
        guard body.count <= Self.bodyLimitInBytes else { throw .tooLarge }
        guard signature.isRight(headers, body) else { throw .unsigned }
        switch kind {
        case .github: return try github(headers["x-github-event"] ?? "", body)
        case .gitea: return try github(headers["x-gitea-event"] ?? headers["x-forgejo-event"] ?? "", body)
        case .gitlab: return try gitlab(body)
        case .git: return try push(body)
        }
    }

    // MARK: What they say

    private struct Push: Decodable { var ref: String }

    private struct Pull: Decodable {
        struct Side: Decodable {
            var ref: String
            var sha: String
        }
        struct Request: Decodable {
            var head: Side
            var base: Side
        }
        var action: String
        var number: Int
        /// Looked at where it matters: what is closed may have lost its branch.
        var pull_request: Request?

        enum Key: String, CodingKey { case action, number, pull_request }
        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            action = try fields.decode(String.self, forKey: .action)
            number = try fields.decode(Int.self, forKey: .number)
            if Self.isPlanned(action) {
                pull_request = try fields.decode(Request.self, forKey: .pull_request)
            }
        }

        private static func isPlanned(_ action: String) -> Bool {
            // GitHub says `synchronize`, Gitea `synchronized`.
            ["opened", "synchronize", "synchronized", "reopened", "edited", "ready_for_review"]
                .contains(action)
        }
    }

    private func github(_ event: String, _ body: [UInt8]) throws(Failure) -> ForgeEvent {
        switch event {
        case "push": return try push(body)
        case "pull_request", "pull_request_sync":
            let pull = try decode(Pull.self, body)
            if pull.action == "closed" { return .pullRequestClosed(try number(pull.number)) }
            guard let request = pull.pull_request else { return .other }
            return .pullRequest(
                try number(pull.number), base: try branch(request.base.ref),
                head: try commit(request.head.sha))
        default: return .other
        }
    }

    private struct GitLabEvent: Decodable {
        struct Attributes: Decodable {
            struct Commit: Decodable { var id: String }
            var iid: Int
            var target_branch: String
            var action: String?
            /// `nil`: the branch has none that the target has not.
            var last_commit: Commit?
        }
        var object_kind: String
        var ref: String?
        var object_attributes: Attributes?
        enum Key: String, CodingKey { case object_kind, ref, object_attributes }
        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            object_kind = try fields.decode(String.self, forKey: .object_kind)
            // Other events have these keys with other things in them.
            if object_kind == "push" { ref = try fields.decode(String.self, forKey: .ref) }
            if object_kind == "merge_request" {
                object_attributes = try fields.decode(Attributes.self, forKey: .object_attributes)
            }
        }
    }

    private func gitlab(_ body: [UInt8]) throws(Failure) -> ForgeEvent {
        let event = try decode(GitLabEvent.self, body)
        if let ref = event.ref { return event.object_kind == "push" ? try pushed(ref) : .other }
        guard let request = event.object_attributes else { return .other }
        switch request.action {
        case "open", "reopen", "update":
            guard let last = request.last_commit else { return .other }
            return .pullRequest(
                try number(request.iid), base: try branch(request.target_branch), head: try commit(last.id))
        case "close", "merge": return .pullRequestClosed(try number(request.iid))
        default: return .other
        }
    }

    private func push(_ body: [UInt8]) throws(Failure) -> ForgeEvent {
        try pushed(try decode(Push.self, body).ref)
    }

    private func pushed(_ reference: String) throws(Failure) -> ForgeEvent {
        guard reference.hasPrefix("refs/heads/") else { return .other }
        return .push(branch: try branch(String(reference.dropFirst(11))))
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ body: [UInt8]) throws(Failure) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            if body.starts(with: Array("payload=".utf8)) {
                throw .malformed("the body is a form; set the webhook's content type to application/json")
            }
            // The decoder's words may quote the body.
            throw .malformed("the body is not what \(kind.rawValue) documents for this event")
        }
    }

    private func number(_ value: Int) throws(Failure) -> Int {
        guard (1...1_000_000_000).contains(value) else {
            throw .malformed("a pull request has no such number")
        }
        return value
    }

    private func branch(_ text: String) throws(Failure) -> String {
        // Longer ones than any forge takes: a forge gives a hook up that refuses what anybody may name a branch.
        guard (1...4_096).contains(text.utf8.count) else { throw .malformed("a branch has no such name") }
        return text
    }

    private func commit(_ text: String) throws(Failure) -> CommitID {
        guard let id = CommitID(text) else { throw .malformed("a commit has no such id") }
        return id
    }
}
