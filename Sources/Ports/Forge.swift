public import Model

/// Where people review what they merge. Told what happens, never asked before a deploy.
///
/// Every call has a deadline of its own inside the adapter, and is safe to repeat.
public protocol Forge: Sendable {
    /// `github`, `gitlab`, `gitea`.
    var kind: String { get }
    /// - Parameter mayBeThere: it was begun before, and may have arrived: what stands there is looked at first.
    func show(_ status: CommitStatus, mayBeThere: Bool) async throws(ForgeError)
    /// Writes the one comment of ours on a pull request, or changes the one that is there.
    func show(_ comment: PlanComment) async throws(ForgeError)
    /// The open pull request from `branch` into `base`, made where there is none.
    func propose(
        branch: String, into base: String, title: String, body: String
    ) async throws(ForgeError) -> PullRequest
    /// Closes the open pull request from `branch`, with a word of why; nothing where there is none.
    func withdraw(branch: String, reason: String) async throws(ForgeError)
    /// The merged pull request that brought `commit`, with its approvers; `nil`: there is none.
    func pullRequest(of commit: CommitID) async throws(ForgeError) -> PullRequest?
    /// The reference of a pull request's head on the remote.
    func reference(ofPullRequest number: Int) -> String
}

/// Why a forge did not do what it was asked to.
public struct ForgeError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case unreachable, timeout
        case unauthorized
        /// To be tried again after a while; `retryAfterSeconds` says when, if the forge does.
        case rateLimited = "rate_limited"
        /// 5xx.
        case unavailable
        case notFound = "not_found"
        /// The request was refused as wrong; trying again would change nothing.
        case refused
        /// An answer that makes no sense.
        case protocolViolation = "protocol_violation"
    }
    public var code: Code
    /// What failed and what to do about it; no token, at most 500 characters.
    public var message: String
    public var retryAfterSeconds: Int64?
    public init(_ code: Code, _ message: String, retryAfterSeconds: Int64? = nil) {
        self.code = code
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }
    public var description: String { message }
}
