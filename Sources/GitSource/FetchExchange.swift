internal import Model

/// What the controller asks of `slipway-fetch`, one JSON document on its standard input. Holds secrets.
struct FetchRequest: Codable {
    var url: String
    var allowsLocal: Bool
    var branch: String
    /// The bare repository to fetch into; made if missing.
    var mirror: String
    var credentials: Credentials
    var certificateAuthorityFile: String?
    var maximumSizeInBytes: Int64
    /// What is to be pushed; `nil`: the branch is fetched, and the notes with it.
    var publication: Publication?
    /// Annotated tags that name the branch's head are fetched as well.
    var wantsTags: Bool?
    /// The reference of a pull request's head, whose merge into the branch is worked out; `nil`: none is.
    var proposal: String?

    /// Put together in a repository beside the mirror, so that a push that hangs holds up no fetch.
    struct Publication: Codable {
        /// The bare repository to write into; made if missing.
        var workshop: String
        var work: Work

        enum Work: Codable {
            /// Notes and ledgers to be added to what stands there.
            case outcomes([OutcomeRecord], [AppLedger])
            /// Files of an app to be put back.
            case revert(RevertOrder)
        }
    }

    enum Credentials: Codable {
        case none
        case token(username: String, token: String)
        case sshKey(path: String, knownHosts: String, user: String)
    }
}

/// Its answer, one JSON line on its standard output.
struct FetchAnswer: Codable {
    var ok: Bool
    /// The branch's head, 40 hex digits.
    var head: String?
    /// The head of the notes; `nil`: there are none.
    var notes: String?
    /// Tag objects that name the head.
    var tags: [String]?
    /// The head of the pull request, and the commit that its merge would be.
    var proposed: String?
    var merged: String?
    /// Why nothing was pushed, though nothing went wrong.
    var overtaken: String?
    /// Bytes that came over the wire; 0 if nothing had changed.
    var receivedBytes: Int64?
    /// A `SourceError.Code`.
    var code: String?
    var message: String?
}
