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
    /// Bytes that came over the wire; 0 if nothing had changed.
    var receivedBytes: Int64?
    /// A `SourceError.Code`.
    var code: String?
    var message: String?
}
