import Crypto
import Forges
import Model
import Testing

/// Webhooks: nobody is listened to who cannot sign, and nothing that anybody says breaks anything.
@Suite struct WebhookTests {
    private static let secret = "s3cret-of-the-w3bhook"

    private func signed(
        _ kind: ForgeConfiguration.Kind, _ body: [UInt8], event: String = "push", secret: String = secret
    )
        -> [String: String]
    {
        let code = Hex.encode(MessageAuthentication.hmacSHA256(key: Array(secret.utf8), message: body))
        return switch kind {
        case .github: ["x-hub-signature-256": "sha256=\(code)", "x-github-event": event]
        case .gitea: ["x-gitea-signature": code, "x-gitea-event": event]
        case .git: ["x-slipway-signature": "sha256=\(code)"]
        case .gitlab: ["x-gitlab-token": secret]
        }
    }

    private func hook(_ kind: ForgeConfiguration.Kind) throws -> Webhook {
        try #require(Webhook(kind: kind, secret: Self.secret))
    }

    private func read(
        _ kind: ForgeConfiguration.Kind, _ text: String, event: String = "push"
    ) throws -> ForgeEvent {
        let body = Array(text.utf8)
        return try hook(kind).read(headers: signed(kind, body, event: event), body: body)
    }

    private static let head = String(repeating: "a", count: 40)

    @Test(arguments: ForgeConfiguration.Kind.allCases) func pushes(kind: ForgeConfiguration.Kind) throws {
        let object = kind == .gitlab ? #""object_kind":"push","# : ""
        #expect(try read(kind, #"{\#(object)"ref":"refs/heads/main","after":"x"}"#) == .push(branch: "main"))
        #expect(try read(kind, #"{\#(object)"ref":"refs/heads/team/a b"}"#) == .push(branch: "team/a b"))
        #expect(try read(kind, #"{\#(object)"ref":"refs/tags/v1"}"#) == .other)
    }

    @Test(
        arguments: [ForgeConfiguration.Kind.github, .gitea],
        ["opened", "synchronize", "synchronized", "reopened", "closed", "labeled"])
    func pullRequests(kind: ForgeConfiguration.Kind, action: String) throws {
        let text =
            #"{"action":"\#(action)","number":7,"pull_request":{"head":{"ref":"x","sha":"\#(Self.head)"},"base":{"ref":"main","sha":"y"}}}"#
        let event = try read(kind, text, event: "pull_request")
        let head = try #require(CommitID(Self.head))
        switch action {
        case "closed": #expect(event == .pullRequestClosed(7))
        case "labeled": #expect(event == .other)
        default: #expect(event == .pullRequest(7, base: "main", head: head))
        }
        #expect(try read(kind, text, event: "ping") == .other)
    }

    @Test(arguments: ["open", "update", "reopen", "merge", "close", "approved"])
    func mergeRequests(action: String) throws {
        let event = try read(
            .gitlab,
            #"{"object_kind":"merge_request","object_attributes":{"iid":7,"target_branch":"main","action":"\#(action)","last_commit":{"id":"\#(Self.head)"}}}"#
        )
        let head = try #require(CommitID(Self.head))
        switch action {
        case "merge", "close": #expect(event == .pullRequestClosed(7))
        case "approved": #expect(event == .other)
        default: #expect(event == .pullRequest(7, base: "main", head: head))
        }
        #expect(try read(.gitlab, #"{"object_kind":"note","object_attributes":{"note":"hi"}}"#) == .other)
    }

    @Test(arguments: ForgeConfiguration.Kind.allCases) func whoCannotSignIsNotHeard(
        kind: ForgeConfiguration.Kind
    ) throws {
        let hook = try hook(kind)
        // Not even looked into: this body is no JSON.
        let body = Array("{".utf8)
        let right = signed(kind, body)
        #expect(
            throws: Webhook.Failure.malformed(
                "the body is not what \(kind.rawValue) documents for this event")
        ) {
            try hook.read(headers: right, body: body)
        }
        var wrong = [[:], signed(kind, body, secret: "another-secret-of-20"), signed(kind, body + [32])]
        if kind == .gitlab { wrong.removeLast() }
        for (name, value) in right where name != "x-github-event" && name != "x-gitea-event" {
            for other in [
                "", "sha256=", value.uppercased() + "0", String(value.dropLast()), "sha1=" + value,
                value + value
            ] {
                wrong.append(right.merging([name: other]) { $1 })
            }
        }
        for headers in wrong {
            #expect(throws: Webhook.Failure.unsigned, "\(headers)") {
                try hook.read(headers: headers, body: body)
            }
        }
        let large = [UInt8](repeating: 32, count: Webhook.bodyLimitInBytes + 1)
        #expect(throws: Webhook.Failure.tooLarge) { try hook.read(headers: signed(kind, large), body: large) }
        #expect(Webhook(kind: kind, secret: "short") == nil)
    }

    /// Signed by somebody who may, and not what the documentation says: refused with a word, never a crash.
    @Test(arguments: ForgeConfiguration.Kind.allCases)
    func malformedPayloads(kind: ForgeConfiguration.Kind) throws {
        let good =
            kind == .gitlab
            ? #"{"object_kind":"merge_request","object_attributes":{"iid":7,"target_branch":"main","action":"open","last_commit":{"id":"\#(Self.head)"}}}"#
            : kind == .git
                ? #"{"ref":"refs/heads/main"}"#
                : #"{"action":"opened","number":7,"pull_request":{"head":{"ref":"x","sha":"\#(Self.head)"},"base":{"ref":"main","sha":"y"}}}"#
        let event = kind == .git ? "push" : "pull_request"
        var bodies = [
            "", "null", "[]", "0", "\"", "{}", String(repeating: "[", count: 200_000),
            String(repeating: "{\"a\":", count: 100_000),
            good.replacing(Self.head, with: "null"), good.replacing(Self.head, with: "../../etc"),
            good.replacing("7", with: "-1"), good.replacing("7", with: "99999999999999999999"),
            good.replacing("7", with: "7.5"), good.replacing("\"main\"", with: "null"),
            good.replacing("\"main\"", with: "\"\""), good.replacing("\"main\"", with: "{}"),
            good.replacing("main", with: String(repeating: "m", count: 10_000))
        ].filter { $0 != good }
        // Cut at every byte.
        for length in 0..<good.utf8.count {
            bodies.append(String(decoding: good.utf8.prefix(length), as: UTF8.self))
        }
        for text in bodies {
            do {
                let heard = try read(kind, text, event: event)
                #expect(heard == .other, "\(text.prefix(60)): \(heard)")
            } catch let failure as Webhook.Failure {
                guard case .malformed(let reason) = failure else {
                    Issue.record("\(text.prefix(60)): \(failure)")
                    continue
                }
                #expect(reason.count < 200)
            }
        }
    }
}
