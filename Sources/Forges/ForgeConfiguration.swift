/// Which repository on which forge, and how to sign in there.
public struct ForgeConfiguration: Sendable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case github, gitlab, gitea
        /// A plain git server: it has webhooks of a kind, and nothing that could be told or asked.
        case git
    }

    public var kind: Kind
    /// The root of the API without a slash at its end, such as `https://api.github.com`, `https://gitlab.com/api/v4`,
    /// `https://git.example.com/api/v1`.
    public var api: String
    /// `owner/name`; with GitLab perhaps more groups before.
    public var repository: String
    /// Where the token stands; read with each call, so that it can be exchanged while running.
    public var token: TokenPlace
    /// PEM certificates to trust instead of the system's; absolute path.
    public var certificateAuthorityFile: String?
    /// Tells comments of this installation and source from those of others.
    public var marker: String

    public enum TokenPlace: Sendable, Hashable {
        /// A file with one line.
        case file(String)
        /// A variable of the controller's environment.
        case environment(String)
    }

    public init(
        kind: Kind, api: String, repository: String, token: TokenPlace,
        certificateAuthorityFile: String? = nil, marker: String
    ) {
        self.kind = kind
        self.api = api
        self.repository = repository
        self.token = token
        self.certificateAuthorityFile = certificateAuthorityFile
        self.marker = marker
    }
}
