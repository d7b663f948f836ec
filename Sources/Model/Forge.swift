/// A pull request, or merge request, as a forge knows it.
public struct PullRequest: Codable, Hashable, Sendable {
    public var number: Int
    public var title: String
    public var author: String
    public var url: String
    /// Who has approved it, by the names of the forge.
    public var approvers: [String]
    public init(number: Int, title: String, author: String, url: String, approvers: [String] = []) {
        self.number = number
        self.title = title
        self.author = author
        self.url = url
        self.approvers = approvers
    }
}

/// What a forge shows beside a commit.
public struct CommitStatus: Codable, Hashable, Sendable {
    public enum Context: String, Codable, Hashable, Sendable, CaseIterable {
        case plan = "slipway/plan"
        case deploy = "slipway/deploy"
    }
    public enum State: String, Codable, Hashable, Sendable, CaseIterable { case pending, success, failure }

    public var commit: CommitID
    public var context: Context
    public var state: State
    /// One sentence of at most 140 characters, the least that a forge takes.
    public var description: String

    public init(commit: CommitID, context: Context, state: State, description: String) {
        self.commit = commit
        self.context = context
        self.state = state
        self.description =
            description.count <= 140 ? description : String(description.prefix(139)) + "…"
    }
}

/// The one comment of ours on a pull request: edited in place with each plan.
public struct PlanComment: Codable, Hashable, Sendable {
    public var pullRequest: Int
    /// Markdown.
    public var body: String
    public init(pullRequest: Int, body: String) {
        self.pullRequest = pullRequest
        self.body = body
    }
}

/// A plan that people have seen before the merge.
public struct ShownPlan: Codable, Hashable, Sendable {
    public var id: String
    /// `nil`: it was asked for on the command line.
    public var pullRequest: Int?
    /// What the branch had, and what was to be merged into it.
    public var base: CommitID
    public var head: CommitID
    /// What would happen to each app that changes, in a form that is equal where the same would happen.
    public var changes: [AppName: String]
    /// What the images of apps that change were found to be; of those that could be asked for.
    public var images: [AppName: ContentDigest]?
    public init(
        id: String, pullRequest: Int?, base: CommitID, head: CommitID, changes: [AppName: String],
        images: [AppName: ContentDigest]? = nil
    ) {
        self.id = id
        self.pullRequest = pullRequest
        self.base = base
        self.head = head
        self.changes = changes
        self.images = images
    }
}

/// What a forge's webhook says, as far as it matters here. A hint only: what counts is fetched.
public enum ForgeEvent: Hashable, Sendable {
    case push(branch: String)
    /// Opened, or its commits have changed.
    case pullRequest(Int, base: String, head: CommitID)
    case pullRequestClosed(Int)
    /// Well-formed, and about something else.
    case other
}

/// Takes an app's files back to what they were when its last good release was made.
public struct RevertOrder: Codable, Hashable, Sendable {
    public enum Way: String, Codable, Hashable, Sendable, CaseIterable {
        /// A branch of its own, and a pull request.
        case pullRequest = "pull_request"
        /// Onto the branch itself.
        case commit
    }
    public var way: Way
    public var source: SourceName
    public var app: AppName
    public var branch: String
    /// What failed, and where its spec is.
    public var failed: ReleaseNumber
    public var failedCommit: CommitID
    public var path: String
    /// What is gone back to; its spec stood at `goodPath` of `goodCommit`.
    public var good: ReleaseNumber
    public var goodCommit: CommitID
    public var goodPath: String
    /// What the spec reads beside itself; each goes back with it where it stood in the good commit.
    public var dependencies: [String]
    /// Of the message: the first line, and what follows it.
    public var subject: String
    public var body: String
    public var at: WallTime

    public init(
        way: Way, source: SourceName, app: AppName, branch: String, failed: ReleaseNumber,
        failedCommit: CommitID, path: String, good: ReleaseNumber, goodCommit: CommitID, goodPath: String,
        dependencies: [String] = [],
        subject: String, body: String, at: WallTime
    ) {
        self.way = way
        self.source = source
        self.app = app
        self.branch = branch
        self.failed = failed
        self.failedCommit = failedCommit
        self.path = path
        self.good = good
        self.goodCommit = goodCommit
        self.goodPath = goodPath
        self.dependencies = dependencies
        self.subject = subject
        self.body = body
        self.at = at
    }
}
