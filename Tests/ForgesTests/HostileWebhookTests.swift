import Crypto
import Forges
import FoundationEssentials
import Model
import TestServers
import Testing

/// Webhooks of whoever knows the secret and does not keep to the documentation, or whose forge has a fault.
@Suite struct HostileWebhookTests {
    private static let secret = "s3cret-of-the-w3bhook"

    struct Story: Sendable, CustomTestStringConvertible {
        var kind: ForgeConfiguration.Kind
        var event: String
        var document: JSONValue
        var testDescription: String { "\(kind.rawValue) \(event)" }
    }

    static let pull = ForgeServer.Pull(
        number: 7, head: "work", base: "main", title: "shop: 1.5.0", body: "Why")

    static let stories: [Story] = [
        Story(
            kind: .github, event: "push",
            document: ForgeDocuments.githubPush("refs/heads/main", isSparse: true)),
        Story(
            kind: .github, event: "pull_request",
            document: ForgeDocuments.githubPullRequest("opened", pull, isSparse: true)),
        Story(
            kind: .gitea, event: "push", document: ForgeDocuments.giteaPush("refs/heads/main", isSparse: true)
        ),
        Story(
            kind: .gitea, event: "pull_request",
            document: ForgeDocuments.giteaPullRequest("opened", pull, isSparse: true)),
        Story(
            kind: .gitlab, event: "push",
            document: ForgeDocuments.gitlabPush("refs/heads/main", isSparse: true)),
        Story(
            kind: .gitlab, event: "merge_request",
            document: ForgeDocuments.gitlabMergeRequest("open", pull, isSparse: true)),
        Story(kind: .git, event: "push", document: ["ref": "refs/heads/main"])
    ]

    private static func hook(_ kind: ForgeConfiguration.Kind) throws -> Webhook {
        try #require(Webhook(kind: kind, secret: secret))
    }

    private static func signed(_ story: Story, _ body: [UInt8]) -> [String: String] {
        if story.kind == .gitlab { return ["x-gitlab-token": secret] }
        let code = Hex.encode(MessageAuthentication.hmacSHA256(key: Array(secret.utf8), message: body))
        return switch story.kind {
        case .github: ["x-hub-signature-256": "sha256=\(code)", "x-github-event": story.event]
        case .gitea: ["x-gitea-signature": code, "x-gitea-event": story.event]
        default: ["x-slipway-signature": "sha256=\(code)"]
        }
    }

    /// What comes of a body: refused with a short word, nothing to do, or an event in which all is in order.
    private enum Outcome { case heard, refused, wrong }

    private static func outcome(_ hook: Webhook, _ story: Story, _ body: [UInt8]) -> Outcome {
        do throws(Webhook.Failure) {
            let isSound =
                switch try hook.read(headers: signed(story, body), body: body) {
                case .push(let branch): (1...4_096).contains(branch.utf8.count)
                case .pullRequest(let number, let base, let head):
                    (1...1_000_000_000).contains(number) && (1...4_096).contains(base.utf8.count)
                        && head.rawValue.utf8.count >= 40
                case .pullRequestClosed(let number): (1...1_000_000_000).contains(number)
                case .other: true
                }
            return isSound ? .heard : .wrong
        } catch {
            switch error {
            case .malformed(let reason): return reason.utf8.count < 200 ? .refused : .wrong
            case .tooLarge, .unsigned: return .wrong
            }
        }
    }

    @Test(arguments: stories) func theWholeIsHeard(story: Story) throws {
        let body = Array(story.document.written.utf8)
        let event = try Self.hook(story.kind).read(headers: Self.signed(story, body), body: body)
        let head = try #require(CommitID(Self.pull.headCommit))
        #expect(
            event
                == (story.event == "push" ? .push(branch: "main") : .pullRequest(7, base: "main", head: head))
        )
    }

    @Test(arguments: stories) func cutAtEveryByte(story: Story) throws {
        let hook = try Self.hook(story.kind)
        let body = Array(story.document.written.utf8)
        for length in 0..<body.count {
            guard Self.outcome(hook, story, Array(body[..<length])) == .refused else {
                Issue.record("cut at \(length)")
                return
            }
        }
    }

    /// Each field in turn is something else.
    @Test(arguments: stories) func everyFieldIsAnything(story: Story) throws {
        let hook = try Self.hook(story.kind)
        let others = [
            "null", "true", "-1", "1e999", "7.5", "9223372036854775808", "-99999999999999999999999999",
            "\"\"",
            "\"\\ud800\"", "\"\\u0000/../..\"", "[]", "{}", "[[null]]",
            "\"" + String(repeating: "x", count: 5_000) + "\"",
            String(repeating: "[", count: 2_000) + String(repeating: "]", count: 2_000),
            String(repeating: "{\"a\":", count: 600) + "1" + String(repeating: "}", count: 600)
        ].map { Array($0.utf8) }
        var count = 0
        for (before, after) in Self.holes(in: story.document) {
            for other in others {
                count += 1
                guard Self.outcome(hook, story, before + other + after) != .wrong else {
                    Issue.record("\(String(decoding: before.suffix(60), as: UTF8.self))…\(other.prefix(20))")
                    return
                }
            }
        }
        #expect(count >= others.count)
    }

    /// What stands before and after each value, down to the third level: deeper is only the commit's id, which no
    /// forge but GitLab has there.
    private static func holes(in document: JSONValue) -> [([UInt8], [UInt8])] {
        func holes(_ value: JSONValue, _ depth: Int) -> [(String, String)] {
            guard depth > 0, let object = value.object else { return [] }
            let names = object.keys.sorted()
            let written = names.map { "\(JSONValue.text($0).written):\((object[$0] ?? .null).written)" }
            var found: [(String, String)] = []
            for (index, name) in names.enumerated() {
                let key = JSONValue.text(name).written + ":"
                let before = "{" + written[..<index].map { $0 + "," }.joined() + key
                let after = written[(index + 1)...].map { "," + $0 }.joined() + "}"
                found.append((before, after))
                found += holes(object[name] ?? .null, depth - 1).map { (before + $0, $1 + after) }
            }
            return found
        }
        // What is a repository, a user or a commit that is not read is looked at as a whole.
        let read = Set(["object_attributes", "pull_request", "head", "base", "last_commit"])
        func pruned(_ value: JSONValue) -> JSONValue {
            guard let object = value.object else { return value }
            return .object(
                object.reduce(into: [:]) { result, field in
                    result[field.key] =
                        read.contains(field.key)
                        ? pruned(field.value) : field.value.object == nil ? field.value : [:]
                })
        }
        return holes(pruned(document), 4).map { (Array($0.utf8), Array($1.utf8)) }
    }

    /// From a fixed seed, so that what fails once fails again.
    @Test(arguments: stories) func flippedBytes(story: Story) throws {
        let hook = try Self.hook(story.kind)
        let body = Array(story.document.written.utf8)
        var state: UInt64 = 0x5115_0ADA
        func next(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        for round in 0..<500 {
            var flipped = body
            for _ in 0...next(4) { flipped[next(body.count)] ^= UInt8(1 + next(255)) }
            guard Self.outcome(hook, story, flipped) != .wrong else {
                Issue.record("round \(round)")
                return
            }
        }
    }

    /// The largest bodies that are read, in the forms that take most memory to read; in a process of its own, as the
    /// tests beside this one take memory too.
    @Test func memoryIsBounded() async {
        await #expect(processExitsWith: .success) {
            func peakInKiB() throws -> Int {
                let status = try String(
                    decoding: Data(contentsOf: URL(filePath: "/proc/self/status")), as: UTF8.self)
                let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
                return try #require(line.flatMap { Int($0.filter(\.isNumber)) })
            }
            let hook = try #require(Webhook(kind: .gitlab, secret: "s3cret-of-the-w3bhook"))
            let start = try peakInKiB()
            let size = Webhook.bodyLimitInBytes - 100
            let units = ["[", "{\"a\":", "0,", "\"\",", "{},", "[],", "\"\\u0041\","]
            for unit in units {
                for (head, tail) in [("", ""), ("[", "0]"), (#"{"object_kind":"push","ref":["#, "0]}")] {
                    let body = Array(
                        (head + String(repeating: unit, count: size / unit.utf8.count) + tail).utf8)
                    #expect(throws: Webhook.Failure.self) {
                        try hook.read(headers: ["x-gitlab-token": "s3cret-of-the-w3bhook"], body: body)
                    }
                }
            }
            let grown = try peakInKiB() - start
            #expect(grown < 64 << 10, "\(grown) KiB")
        }
    }
}
