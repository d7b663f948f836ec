/// What GitHub and Gitea call the same things by the same names.
struct WireUser: Decodable { var login: String }
struct WireComment: Decodable {
    var id: Int64
    var body: String?
}
struct WireReference: Decodable {
    var ref: String
    /// Gitea's.
    var repo_id: Int64?
}
struct WirePull: Decodable {
    var number: Int
    var title: String?
    var user: WireUser?
    var html_url: String?
    var merged_at: String?
    var head: WireReference?
    var base: WireReference?
}
struct WireReview: Decodable {
    var user: WireUser?
    var state: String?
}
struct WireStatus: Decodable {
    var context: String?
    /// GitHub's word.
    var state: String?
    /// Gitea's word for it.
    var status: String?
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
