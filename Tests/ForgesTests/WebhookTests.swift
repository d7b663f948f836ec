import Crypto
import Forges
import Model
import TestServers
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

    // MARK: What the forges document

    private static let pull = ForgeServer.Pull(
        number: 7, head: "work", base: "main", title: "shop: 1.5.0", body: "Why")

    @Test(arguments: [false, true]) func documentedPayloads(isSparse: Bool) throws {
        let head = try #require(CommitID(Self.pull.headCommit))
        func heard(
            _ kind: ForgeConfiguration.Kind, _ event: String, _ document: JSONValue
        ) throws -> ForgeEvent {
            try read(kind, document.written, event: event)
        }
        let opened = ForgeEvent.pullRequest(7, base: "main", head: head)
        for (reference, event) in [
            ("refs/heads/main", ForgeEvent.push(branch: "main")), ("refs/tags/v1", .other)
        ] {
            #expect(
                try heard(.github, "push", ForgeDocuments.githubPush(reference, isSparse: isSparse)) == event)
            #expect(
                try heard(.gitea, "push", ForgeDocuments.giteaPush(reference, isSparse: isSparse)) == event)
            #expect(
                try heard(.gitlab, "push", ForgeDocuments.gitlabPush(reference, isSparse: isSparse)) == event)
        }
        // Every action that is documented, and what it is taken as.
        let others = [
            "assigned", "unassigned", "labeled", "unlabeled", "locked", "unlocked", "milestoned",
            "demilestoned", "review_requested", "review_request_removed", "auto_merge_enabled",
            "auto_merge_disabled", "converted_to_draft", "enqueued", "dequeued"
        ]
        let plans = ["opened", "reopened", "synchronize", "edited", "ready_for_review"]
        for action in others + plans + ["closed"] {
            let event = try heard(
                .github, "pull_request",
                ForgeDocuments.githubPullRequest(action, Self.pull, isSparse: isSparse))
            #expect(
                event
                    == (action == "closed" ? .pullRequestClosed(7) : plans.contains(action) ? opened : .other)
            )
        }
        let gitea = [
            "assigned", "unassigned", "label_updated", "label_cleared", "milestoned", "demilestoned",
            "reviewed", "review_requested", "review_request_removed"
        ]
        for action in gitea + ["opened", "reopened", "synchronized", "edited", "closed"] {
            let event = try heard(
                .gitea, "pull_request", ForgeDocuments.giteaPullRequest(action, Self.pull, isSparse: isSparse)
            )
            #expect(
                event
                    == (action == "closed" ? .pullRequestClosed(7) : gitea.contains(action) ? .other : opened)
            )
        }
        let gitlab = ["approved", "unapproved", "approval", "unapproval"]
        for action in gitlab + ["open", "reopen", "update", "close", "merge"] {
            let event = try heard(
                .gitlab, "merge_request",
                ForgeDocuments.gitlabMergeRequest(action, Self.pull, isSparse: isSparse))
            let isEnd = action == "close" || action == "merge"
            #expect(event == (isEnd ? .pullRequestClosed(7) : gitlab.contains(action) ? .other : opened))
        }
    }

    /// What is closed may have lost its branch, its commits and its fork.
    @Test func whatIsClosedNeedsNoCommits() throws {
        let gone = ForgeDocuments.gitlabMergeRequest("close", Self.pull)
        let attributes = (gone.object?["object_attributes"] ?? .null).with(["last_commit": .null])
        let closed = gone.with(["object_attributes": attributes])
        #expect(try read(.gitlab, closed.written) == .pullRequestClosed(7))
        let empty = closed.with(["object_attributes": attributes.with(["action": "update"])])
        #expect(try read(.gitlab, empty.written) == .other)
        for kind in [ForgeConfiguration.Kind.github, .gitea] {
            let text = #"{"action":"closed","number":7,"pull_request":null}"#
            #expect(try read(kind, text, event: "pull_request") == .pullRequestClosed(7))
            #expect(throws: Webhook.Failure.self) {
                try read(kind, text.replacing("closed", with: "opened"), event: "pull_request")
            }
        }
    }

    /// Anybody who may push may name a branch: a forge gives up a hook that refuses a few times.
    @Test(arguments: ForgeConfiguration.Kind.allCases)
    func longBranchNamesAreNoFault(kind: ForgeConfiguration.Kind) throws {
        let object = kind == .gitlab ? #""object_kind":"push","# : ""
        let name = String(repeating: "b", count: 250)
        #expect(try read(kind, #"{\#(object)"ref":"refs/heads/\#(name)"}"#) == .push(branch: name))
    }

    @Test(arguments: [ForgeConfiguration.Kind.github, .gitea])
    func aFormIsToldToBeJSON(kind: ForgeConfiguration.Kind) {
        #expect(
            throws: Webhook.Failure.malformed(
                "the body is a form; set the webhook's content type to application/json")
        ) {
            try read(kind, "payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D")
        }
    }

    @Test func forgejoSignsUnderItsOwnName() throws {
        let body = Array(#"{"ref":"refs/heads/main"}"#.utf8)
        let code = Hex.encode(MessageAuthentication.hmacSHA256(key: Array(Self.secret.utf8), message: body))
        let headers = ["x-forgejo-signature": code, "x-forgejo-event": "push"]
        #expect(try hook(.gitea).read(headers: headers, body: body) == .push(branch: "main"))
    }

    // MARK: GitLab's signing token

    /// The vector of the Standard Webhooks specification's own libraries.
    @Test func gitlabSignsByStandardWebhooks() throws {
        let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        let body = Array(#"{"test": 2432232314}"#.utf8)
        let good = [
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        ]
        let hook = try #require(Webhook(kind: .gitlab, secret: key) { 1_614_265_330 })
        // It is signed, and no event of GitLab's.
        func answer(_ headers: [String: String], _ body: [UInt8], _ hook: Webhook) -> Webhook.Failure? {
            do throws(Webhook.Failure) {
                _ = try hook.read(headers: headers, body: body)
                return nil
            } catch {
                return error
            }
        }
        let heard = Webhook.Failure.malformed("the body is not what gitlab documents for this event")
        #expect(answer(good, body, hook) == heard)
        // One of several is enough: keys are exchanged.
        let right = good["webhook-signature"] ?? ""
        let several = "v2,AAAA v1,\(String(repeating: "A", count: 43))= \(right)"
        #expect(answer(good.merging(["webhook-signature": several]) { $1 }, body, hook) == heard)
        for (offset, isHeard) in [(-300, true), (300, true), (-301, false), (301, false)] {
            let late = try #require(Webhook(kind: .gitlab, secret: key) { 1_614_265_330 + Int64(offset) })
            #expect(answer(good, body, late) == (isHeard ? heard : .unsigned), "\(offset)")
        }
        for (name, value) in [
            ("webhook-id", "msg_other"), ("webhook-timestamp", "1614265331"),
            ("webhook-timestamp", "-9223372036854775808"), ("webhook-timestamp", "soon"),
            ("webhook-signature", ""), ("webhook-signature", "v1,"), ("webhook-signature", "v1,g0hM"),
            ("webhook-signature", String(right.dropFirst(3))),
            ("webhook-signature", "v1a," + right.dropFirst(3)),
            ("webhook-signature", String(repeating: "v1,AAAA ", count: 100_000))
        ] {
            #expect(
                answer(good.merging([name: value]) { $1 }, body, hook) == .unsigned,
                "\(name): \(value.prefix(40))")
        }
        for name in good.keys { #expect(answer(good.filter { $0.key != name }, body, hook) == .unsigned) }
        #expect(answer(good, body + [32], hook) == .unsigned)
        // A signing token is never sent, so whoever sends it has found it.
        #expect(answer(["x-gitlab-token": key], body, hook) == .unsigned)
        #expect(Webhook(kind: .gitlab, secret: "whsec_no Base64 at all, is it") == nil)
        #expect(Webhook(kind: .gitlab, secret: "whsec_dG9vIHNob3J0") == nil)
        // To others it is a secret as any.
        #expect(Webhook(kind: .github, secret: key) != nil)
    }
}
