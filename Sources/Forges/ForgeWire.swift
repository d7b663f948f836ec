/// What the forges call the same things by the same names.
struct WireAccount: Decodable { var id: Int64 }
struct WireUser: Decodable { var login: String }
struct WireComment: Decodable {
    var id: Int64
    var body: String?
    /// `nil`: the account is gone.
    var user: WireAccount?
    /// GitLab's word for it.
    var author: WireAccount?
    var writer: Int64? { (user ?? author)?.id }
}
struct WireReference: Decodable {
    var ref: String
    /// `nil`: the repository is gone, as forks may be.
    var repo: WireAccount?
    /// Gitea's.
    var repo_id: Int64?
    var repository: Int64? { repo?.id ?? repo_id }
}
struct WirePull: Decodable {
    var number: Int
    var title: String?
    var user: WireUser?
    var html_url: String?
    var merged_at: String?
    var head: WireReference?
    var base: WireReference?
    /// A fork may have a branch of the same name: a pull request from there is not ours.
    var isFromHere: Bool { head?.repository != nil && head?.repository == base?.repository }
}
struct WireReview: Decodable {
    var user: WireUser?
    var state: String?
    /// Gitea's: the state stays what it was.
    var dismissed: Bool?
}
struct WireStatus: Decodable {
    var id: Int64
    var context: String?
    /// GitHub's word.
    var state: String?
    /// Gitea's and GitLab's word for it.
    var status: String?
    /// GitLab's word for the context.
    var name: String?
    var description: String?
}
struct NewStatus: Encodable {
    var state: String
    var context: String
    var description: String
}
struct NewBody: Encodable { var body: String }
struct NewPull: Encodable {
    var title: String
    var head: String
    var base: String
    var body: String
}
struct NewState: Encodable { var state: String }

extension [WireStatus] {
    /// The newest of a context. Forges sort by times in seconds, if at all; ids only grow.
    func newest(_ context: String) -> WireStatus? {
        // GitHub tells contexts apart without looking at the case.
        filter { ($0.context ?? $0.name)?.lowercased() == context.lowercased() }.max { $0.id < $1.id }
    }
}
