internal import FoundationEssentials
internal import Synchronization

/// A value behind a lock, to be handed on.
public final class Locked<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>
    public init(_ value: Value) { mutex = Mutex(value) }
    public var value: Value { mutex.withLock { $0 } }
    public func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        mutex.withLock { value in body(&value) }
    }
}

/// A local server that behaves as a forge's published documentation says, as far as it is asked here.
public final class ForgeServer: Sendable {
    public enum Kind: String, Sendable, CaseIterable { case github, gitlab, gitea }

    public struct Status: Sendable, Equatable {
        public var commit: String
        public var state: String
        public var context: String
        public var description: String
    }
    public struct Comment: Sendable, Equatable {
        public var id: Int
        public var body: String
    }
    public struct Pull: Sendable, Equatable {
        public var number: Int
        public var head: String
        public var base: String
        public var title: String
        public var body: String
        public var isOpen = true
        /// Of another repository, by somebody who may not push to this one.
        public var isFromFork = false
        public init(
            number: Int, head: String, base: String, title: String, body: String, isFromFork: Bool = false
        ) {
            (self.number, self.head, self.base, self.title, self.body) = (number, head, base, title, body)
            self.isFromFork = isFromFork
        }
    }
    public struct Trouble: Sendable {
        public var status: String
        public var headers = ""
        public var body = ""
        /// Of this many requests; then all is well again.
        public var times = 1
        /// The request was carried out all the same, and its answer lost.
        public var isDone = false
        public init(
            status: String, headers: String = "", body: String = "", times: Int = 1, isDone: Bool = false
        ) {
            self.status = status
            self.headers = headers
            self.body = body
            self.times = times
            self.isDone = isDone
        }
    }
    public struct State: Sendable {
        public var statuses: [Status] = []
        public var comments: [Comment] = [
            Comment(id: 1, body: "Looks good to me"), Comment(id: 2, body: "re: <!-- marker -->")
        ]
        public var pulls: [Pull] = []
        public var trouble: Trouble?
        public var writes = 0
        public var paths: [String] = []
    }

    public static let token = "t0ken-s3ntinel-0123456789"
    public let kind: Kind
    public let state = Locked(State())
    private let server: RawServer
    public var api: String { server.url + (kind == .gitlab ? "/api/v4" : kind == .gitea ? "/api/v1" : "") }
    public var requests: [String] { server.requests.withLock { $0 } }

    public init(_ kind: Kind) throws {
        self.kind = kind
        let state = state
        server = try RawServer { connection in
            while let request = connection.request() {
                let (status, headers, body) = Self.answer(kind, request, state)
                connection.answer(body, status: status, headers: headers)
            }
        }
    }

    /// Slow beyond any patience: it never answers.
    public static func silent() throws -> RawServer { try RawServer { $0.waitForClose() } }

    private static func answer(
        _ kind: Kind, _ request: String, _ state: Locked<State>
    ) -> (status: String, headers: String, body: String) {
        let head = request.split(separator: "\r\n", omittingEmptySubsequences: false)
        let line = head[0].split(separator: " ").map(String.init)
        let body = request.firstRange(of: "\r\n\r\n").map { String(request[$0.upperBound...]) } ?? ""
        let (method, target) = (line[0], line[1])
        let path = String(target.prefix { $0 != "?" })
        let query = String(target.dropFirst(path.count + 1))
        let headers = Dictionary(
            head.dropFirst().compactMap { field -> (String, String)? in
                guard let colon = field.firstIndex(of: ":") else { return nil }
                return (
                    field[..<colon].lowercased(),
                    String(field[field.index(after: colon)...].drop { $0 == " " })
                )
            }
        ) { first, _ in first }
        let sent =
            switch kind {
            case .github: headers["authorization"] == "Bearer \(token)"
            case .gitlab: headers["private-token"] == token
            case .gitea: headers["authorization"] == "token \(token)"
            }
        // GitHub refuses whoever does not name itself.
        guard headers["user-agent"] != nil else {
            return ("403 Forbidden", "", #"{"message":"no User-Agent"}"#)
        }
        guard sent else { return ("401 Unauthorized", "", #"{"message":"Bad credentials \#(token)"}"#) }
        return state.withLock { state in
            state.paths.append("\(method) \(path)")
            let trouble = state.trouble
            if let found = trouble {
                state.trouble =
                    found.times > 1
                    ? Trouble(
                        status: found.status, headers: found.headers, body: found.body,
                        times: found.times - 1,
                        isDone: found.isDone) : nil
            }
            if let trouble, !trouble.isDone { return (trouble.status, trouble.headers, trouble.body) }
            let fields = (try? JSONDecoder().decode([String: Field].self, from: Data(body.utf8))) ?? [:]
            let answer = serve(kind, method, path, query, fields, &state)
            if let trouble { return (trouble.status, trouble.headers, trouble.body) }
            return answer
        }
    }

    enum Field: Decodable {
        case text(String), flag(Bool)
        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let flag = try? value.decode(Bool.self) {
                self = .flag(flag)
            } else {
                self = .text(try value.decode(String.self))
            }
        }
        var text: String {
            switch self {
            case .text(let text): text
            case .flag(let flag): "\(flag)"
            }
        }
    }

    private static func quoted(_ text: String) -> String {
        String(decoding: (try? JSONEncoder().encode(text)) ?? Data(), as: UTF8.self)
    }

    private static func list(_ items: [String], _ query: String) -> String {
        // A second page is empty: no list here is longer than one.
        query.contains("page=2") ? "[]" : "[" + items.joined(separator: ",") + "]"
    }

    private static func serve(
        _ kind: Kind, _ method: String, _ path: String, _ query: String, _ fields: [String: Field],
        _ state: inout State
    ) -> (status: String, headers: String, body: String) {
        if method != "GET" { state.writes += 1 }
        let root =
            switch kind {
            case .github: "/repos/team/apps"
            case .gitlab: "/api/v4/projects/team%2Fapps"
            case .gitea: "/api/v1/repos/team/apps"
            }
        guard path.hasPrefix(root + "/") else { return ("404 Not Found", "", #"{"message":"Not Found"}"#) }
        let parts = path.dropFirst(root.count + 1).split(separator: "/").map(String.init)
        let answer =
            kind == .gitlab
            ? gitlab(method, parts, query, fields, &state)
            : github(kind, method, parts, query, fields, &state)
        return answer.map { ($0.0, "Content-Type: application/json\r\n", $0.1) }
            ?? ("404 Not Found", "", #"{"message":"404 Not Found"}"#)
    }

    // MARK: GitHub and Gitea

    private static func github(
        _ kind: Kind, _ method: String, _ parts: [String], _ query: String, _ fields: [String: Field],
        _ state: inout State
    ) -> (String, String)? {
        func pull(_ pull: Pull) -> String {
            #"{"number":\#(pull.number),"title":\#(quoted(pull.title)),"user":{"login":"anna"},"state":"\#(pull.isOpen ? "open" : "closed")","html_url":"https://git.example.com/pulls/\#(pull.number)","merged_at":null,"head":{"ref":"\#(pull.head)","sha":"0","repo_id":\#(pull.isFromFork ? 2 : 1)},"base":{"ref":"\#(pull.base)","repo_id":1}}"#
        }
        let merged =
            #"{"number":7,"title":"shop: 1.5.0","user":{"login":"anna"},"html_url":"https://git.example.com/pulls/7","merged_at":"2026-01-01T00:00:00Z","head":{"ref":"x","sha":"0"},"base":{"ref":"main"}}"#
        switch (method, parts.first, parts.count) {
        case ("POST", "statuses", 2):
            let states = ["error", "failure", "pending", "success"]
            guard let value = fields["state"]?.text, states.contains(value) else {
                return ("422 Unprocessable Entity", #"{"message":"Validation Failed"}"#)
            }
            state.statuses.append(
                Status(
                    commit: parts[1], state: value, context: fields["context"]?.text ?? "default",
                    description: fields["description"]?.text ?? ""))
            return ("201 Created", "{}")
        case ("GET", "commits", 3) where parts[2] == "statuses":
            let word = kind == .github ? "state" : "status"
            return (
                "200 OK",
                list(
                    state.statuses.reversed().filter { $0.commit == parts[1] }.map {
                        #"{"\#(word)":"\#($0.state)","context":"\#($0.context)","description":\#(quoted($0.description)),"id":1}"#
                    }, query)
            )
        case ("GET", "commits", 3) where kind == .github && parts[2] == "pulls":
            return ("200 OK", parts[1].hasPrefix("4") ? "[\(merged)]" : "[]")
        case ("GET", "commits", 3) where kind == .gitea && parts[2] == "pull":
            return parts[1].hasPrefix("4") ? ("200 OK", merged) : nil
        case ("GET", "pulls", 3) where parts[2] == "reviews":
            return (
                "200 OK",
                list(
                    [
                        #"{"user":{"login":"bert"},"state":"CHANGES_REQUESTED"}"#,
                        #"{"user":{"login":"bert"},"state":"APPROVED"}"#,
                        #"{"user":{"login":"carl"},"state":"APPROVED"}"#,
                        #"{"user":{"login":"carl"},"state":"DISMISSED"}"#,
                        #"{"user":{"login":"dora"},"state":"COMMENTED"}"#,
                        #"{"user":null,"state":"APPROVED"}"#
                    ], query)
            )
        case ("GET", "issues", 3) where parts[2] == "comments":
            return (
                "200 OK", list(state.comments.map { #"{"id":\#($0.id),"body":\#(quoted($0.body))}"# }, query)
            )
        case ("POST", "issues", 3) where parts[2] == "comments":
            state.comments.append(Comment(id: 100 + state.comments.count, body: fields["body"]?.text ?? ""))
            return ("201 Created", "{}")
        case ("PATCH", "issues", 3) where parts[1] == "comments":
            guard let place = state.comments.firstIndex(where: { "\($0.id)" == parts[2] }) else { return nil }
            state.comments[place].body = fields["body"]?.text ?? ""
            return ("200 OK", "{}")
        case ("GET", "pulls", 1):
            let head = query.split(separator: "&").first { $0.hasPrefix("head=team%3A") }
                .map { String($0.dropFirst(12)).replacing("%2F", with: "/") }
            let found = state.pulls.filter {
                $0.isOpen && (kind == .gitea || $0.head == head && !$0.isFromFork)
            }
            return ("200 OK", list(found.map(pull), query))
        case ("POST", "pulls", 1):
            guard let head = fields["head"]?.text, let base = fields["base"]?.text else { return nil }
            guard !state.pulls.contains(where: { $0.isOpen && $0.head == head && !$0.isFromFork }) else {
                return kind == .github
                    ? ("422 Unprocessable Entity", #"{"message":"Validation Failed"}"#)
                    : ("409 Conflict", #"{"message":"pull request already exists"}"#)
            }
            state.pulls.append(
                Pull(
                    number: 20 + state.pulls.count, head: head, base: base,
                    title: fields["title"]?.text ?? "",
                    body: fields["body"]?.text ?? ""))
            return ("201 Created", pull(state.pulls[state.pulls.count - 1]))
        case ("PATCH", "pulls", 2):
            guard let place = state.pulls.firstIndex(where: { "\($0.number)" == parts[1] }),
                fields["state"]?.text == "closed"
            else { return nil }
            state.pulls[place].isOpen = false
            return ("200 OK", pull(state.pulls[place]))
        default: return nil
        }
    }

    // MARK: GitLab

    private static func gitlab(
        _ method: String, _ parts: [String], _ query: String, _ fields: [String: Field], _ state: inout State
    ) -> (String, String)? {
        func request(_ pull: Pull) -> String {
            #"{"iid":\#(pull.number),"title":\#(quoted(pull.title)),"author":{"username":"anna"},"state":"\#(pull.isOpen ? "opened" : "closed")","web_url":"https://git.example.com/mr/\#(pull.number)","source_branch":"\#(pull.head)","source_project_id":\#(pull.isFromFork ? 2 : 1),"target_project_id":1}"#
        }
        switch (method, parts.first, parts.count) {
        case ("POST", "statuses", 2):
            let states = ["pending", "running", "success", "failed", "canceled", "skipped"]
            guard let value = fields["state"]?.text, states.contains(value) else {
                return ("400 Bad Request", #"{"error":"state does not have a valid value"}"#)
            }
            let context = fields["name"]?.text ?? "default"
            if let last = state.statuses.last(where: { $0.commit == parts[1] && $0.context == context }),
                last.state == value, value == "pending"
            {
                return (
                    "400 Bad Request", #"{"message":"Cannot transition status via :enqueue from :pending"}"#
                )
            }
            state.statuses.append(
                Status(
                    commit: parts[1], state: value, context: context,
                    description: fields["description"]?.text ?? ""))
            return ("201 Created", "{}")
        case ("GET", "repository", 4) where parts[3] == "statuses":
            return (
                "200 OK",
                list(
                    state.statuses.filter { $0.commit == parts[2] }.map {
                        #"{"id":1,"status":"\#($0.state)","name":"\#($0.context)","description":\#(quoted($0.description))}"#
                    }, query)
            )
        case ("GET", "repository", 4) where parts[3] == "merge_requests":
            return (
                "200 OK",
                parts[2].hasPrefix("4")
                    ? #"[{"iid":7,"title":"shop: 1.5.0","author":{"username":"anna"},"state":"merged","web_url":"https://git.example.com/pulls/7"}]"#
                    : "[]"
            )
        case ("GET", "merge_requests", 3) where parts[2] == "approvals":
            return ("200 OK", #"{"approved_by":[{"user":{"username":"bert"}},{"user":null}]}"#)
        case ("GET", "merge_requests", 3) where parts[2] == "notes":
            return (
                "200 OK",
                list(
                    state.comments.map { #"{"id":\#($0.id),"body":\#(quoted($0.body)),"system":false}"# },
                    query)
            )
        case ("POST", "merge_requests", 3) where parts[2] == "notes":
            state.comments.append(Comment(id: 100 + state.comments.count, body: fields["body"]?.text ?? ""))
            return ("201 Created", "{}")
        case ("PUT", "merge_requests", 4) where parts[2] == "notes":
            guard let place = state.comments.firstIndex(where: { "\($0.id)" == parts[3] }) else { return nil }
            state.comments[place].body = fields["body"]?.text ?? ""
            return ("200 OK", "{}")
        case ("GET", "merge_requests", 1):
            let branch = query.split(separator: "&").first { $0.hasPrefix("source_branch=") }
                .map { String($0.dropFirst(14)).replacing("%2F", with: "/") }
            return ("200 OK", list(state.pulls.filter { $0.isOpen && $0.head == branch }.map(request), query))
        case ("POST", "merge_requests", 1):
            guard let head = fields["source_branch"]?.text, let base = fields["target_branch"]?.text else {
                return nil
            }
            guard !state.pulls.contains(where: { $0.isOpen && $0.head == head && !$0.isFromFork }) else {
                return ("409 Conflict", #"{"message":["Another open merge request already exists"]}"#)
            }
            state.pulls.append(
                Pull(
                    number: 20 + state.pulls.count, head: head, base: base,
                    title: fields["title"]?.text ?? "",
                    body: fields["description"]?.text ?? ""))
            return ("201 Created", request(state.pulls[state.pulls.count - 1]))
        case ("PUT", "merge_requests", 2):
            guard let place = state.pulls.firstIndex(where: { "\($0.number)" == parts[1] }),
                fields["state_event"]?.text == "close"
            else { return nil }
            state.pulls[place].isOpen = false
            return ("200 OK", request(state.pulls[place]))
        default: return nil
        }
    }
}
