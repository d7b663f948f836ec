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
///
/// What is asked against the documentation is refused, and noted in `State.objections`.
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
        /// The id of an account; `nil`: it is gone.
        public var author: Int? = 2
        /// Of its edit, even by its author: `403 Forbidden`, where the conversation is locked.
        public var refusal: String?
        /// The token may not see it: GitLab's pages are shorter by those.
        public var isHidden = false
        public init(id: Int, body: String, author: Int? = 2, refusal: String? = nil, isHidden: Bool = false) {
            (self.id, self.body, self.author) = (id, body, author)
            (self.refusal, self.isHidden) = (refusal, isHidden)
        }
    }
    public struct Pull: Sendable, Equatable {
        public var number: Int
        public var head: String
        public var headCommit = String(repeating: "a", count: 40)
        public var base: String
        public var title: String
        public var body: String
        public var isOpen = true
        public var isMerged = false
        /// Of another repository, by somebody who may not push to this one.
        public var isFromFork = false
        public init(
            number: Int, head: String, base: String, title: String, body: String, isFromFork: Bool = false
        ) {
            (self.number, self.head, self.base, self.title, self.body) = (number, head, base, title, body)
            self.isFromFork = isFromFork
        }
    }
    public struct Review: Sendable, Equatable {
        /// `nil`: the account is gone.
        public var user: String?
        /// GitHub's words.
        public var state: String
        public var isDismissed = false
        public init(_ user: String?, _ state: String, isDismissed: Bool = false) {
            (self.user, self.state, self.isDismissed) = (user, state, isDismissed)
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
        /// Of the merged pull request 7.
        public var reviews: [Review] = [
            Review("bert", "CHANGES_REQUESTED"), Review("bert", "APPROVED"),
            Review("carl", "APPROVED", isDismissed: true), Review("dora", "COMMENTED"),
            Review(nil, "APPROVED")
        ]
        public var trouble: Trouble?
        public var writes = 0
        public var paths: [String] = []
        /// What was asked against the documentation.
        public var objections: [String] = []
        /// Answers have null wherever that is documented, and leave out what they may.
        public var isSparse = false
        /// The token may ask whose it is.
        public var tellsAccount = true
        /// The token may edit what others have written, as maintainers may.
        public var mayEditOthers = true
        /// The most that a page has, if that is less than the forge gives by default.
        public var pageLimit: Int?
    }

    public static let token = "t0ken-s3ntinel-0123456789"
    /// Whose the token is.
    public static let accountID = 5
    public static let account = "slipway-bot"
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
                let answer = Self.answer(Request(kind, request), state)
                connection.answer(answer.body, status: answer.status, headers: answer.headers)
            }
        }
    }

    /// Slow beyond any patience: it never answers.
    public static func silent() throws -> RawServer { try RawServer { $0.waitForClose() } }

    /// What the documentation does not allow about a request with the right headers; `nil`: all is well.
    public func objection(to method: String, _ path: String, query: String, body: String) -> String? {
        let contract = ForgeContract.of(kind)
        var headers = contract.headers.mapValues { $0.isEmpty ? "x" : $0 }
        headers["content-type"] = "application/json"
        return contract.objection(
            method, path.split(separator: "/").map(String.init), query: query, headers: headers, body: body)
    }

    private static func answer(_ request: Request, _ state: Locked<State>) -> Answer {
        // GitHub refuses whoever does not name itself.
        guard request.headers["user-agent"] != nil else {
            return Answer(["message": "no User-Agent"], status: "403 Forbidden")
        }
        guard request.isSigned else {
            return Answer(["message": .text("Bad credentials \(token)")], status: "401 Unauthorized")
        }
        return state.withLock { state in
            state.paths.append("\(request.method) /\(request.parts.joined(separator: "/"))")
            let objection = ForgeContract.of(request.kind).objection(
                request.method, request.parts, query: request.query, headers: request.headers,
                body: request.body)
            if let objection {
                let words = "\(request.method) \(request.parts.joined(separator: "/")): \(objection)"
                state.objections.append(words)
                return Answer(["message": .text(words)], status: "422 Unprocessable Entity")
            }
            let trouble = state.trouble
            if trouble != nil {
                state.trouble?.times -= 1
                if state.trouble?.times == 0 { state.trouble = nil }
            }
            if let trouble, !trouble.isDone {
                return Answer(text: trouble.body, status: trouble.status, headers: trouble.headers)
            }
            let answer = serve(request, &state)
            if let trouble {
                return Answer(text: trouble.body, status: trouble.status, headers: trouble.headers)
            }
            return answer
        }
    }

    private static func serve(_ request: Request, _ state: inout State) -> Answer {
        if request.method != "GET" { state.writes += 1 }
        if request.parts == ["user"] {
            guard state.tellsAccount else {
                return Answer(["message": "Resource not accessible"], status: "403 Forbidden")
            }
            return Answer(
                request.kind == .github
                    ? ForgeDocuments.githubUser(accountID, account)
                    : request.kind == .gitlab
                        ? ForgeDocuments.gitlabUser(accountID, account)
                        : ForgeDocuments.giteaUser(accountID, account))
        }
        guard let parts = request.inRepository else { return .missing }
        return
            (request.kind == .gitlab
            ? gitlab(request, parts, &state) : github(request, parts, &state)) ?? .missing
    }

    /// One page of `items`, and what says whether more follow.
    /// - Parameter hasLinks: else there is only the number of all.
    static func page<Item>(
        _ items: [Item], _ request: Request, _ state: State, hasLinks: Bool = true,
        _ written: (Item) -> JSONValue?
    ) -> Answer {
        let isGitea = request.kind == .gitea
        let usual = request.kind == .gitlab ? 20 : 30
        let asked = request.parameter(isGitea ? "limit" : "per_page").flatMap { Int($0) } ?? usual
        let size = min(asked, isGitea ? 50 : 100, state.pageLimit ?? .max)
        let number = request.parameter("page").flatMap { Int($0) } ?? 1
        let shown = items.dropFirst((number - 1) * size).prefix(size).compactMap(written)
        var headers = request.kind == .github ? "" : "X-Total-Count: \(items.count)\r\n"
        if hasLinks, items.count > size {
            let last = (items.count + size - 1) / size
            var links = ["<https://git.example.com/x?page=\(last)>; rel=\"last\""]
            if number < last {
                links.insert("<https://git.example.com/x?page=\(number + 1)>; rel=\"next\"", at: 0)
            }
            headers += "Link: \(links.joined(separator: ", "))\r\n"
        }
        return Answer(.array(Array(shown)), headers: headers)
    }

    /// The pull request that brought the commits of fours, and those of no other digit.
    static let merged = {
        var pull = Pull(number: 7, head: "x", base: "main", title: "shop: 1.5.0", body: "")
        (pull.isOpen, pull.isMerged) = (false, true)
        return pull
    }()

    /// Changes a comment, or says why not.
    static func edit(_ id: String, _ request: Request, _ state: inout State) -> Answer? {
        guard let place = state.comments.firstIndex(where: { "\($0.id)" == id }) else { return .missing }
        let comment = state.comments[place]
        if let refusal = comment.refusal { return Answer(["message": "refused"], status: refusal) }
        guard state.mayEditOthers || comment.author == accountID else {
            return Answer(["message": "403 Forbidden"], status: "403 Forbidden")
        }
        state.comments[place].body = request.text("body") ?? ""
        return nil
    }

    static func comment(_ request: Request, _ state: inout State) -> Comment {
        let comment = Comment(
            id: 100 + state.comments.count, body: request.text("body") ?? "", author: accountID)
        state.comments.append(comment)
        return comment
    }

    static func open(
        head: String, base: String, body: String?, _ request: Request, _ state: inout State
    ) -> Pull? {
        guard !state.pulls.contains(where: { $0.isOpen && $0.head == head && !$0.isFromFork }) else {
            return nil
        }
        let pull = Pull(
            number: 20 + state.pulls.count, head: head, base: base, title: request.text("title") ?? "",
            body: body ?? "")
        state.pulls.append(pull)
        return pull
    }

    static func close(_ number: String, _ state: inout State) -> Pull? {
        guard let place = state.pulls.firstIndex(where: { "\($0.number)" == number }) else { return nil }
        state.pulls[place].isOpen = false
        return state.pulls[place]
    }
}
