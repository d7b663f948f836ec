/// Whose signatures a branch needs before anything of it is read.
///
/// The files are the operator's own and stand on the controller's host, never in the repository that they guard.
public struct SignaturePolicy: Sendable, Hashable {
    public enum Requirement: String, Sendable, Hashable, CaseIterable {
        /// The head, and every commit that is new with it, merged ones too.
        case commit
        /// The head, and every new commit on the branch's own line: who signs a merge vouches for what it brings.
        case merge
        /// A signed tag names the head; commits need no signature.
        case tag
    }

    /// Keys by OpenSSH's rules for `allowed_signers`; absolute path.
    public var sshSigners: String?
    /// Keys that are not good any more: an OpenSSH key revocation list, or public keys one a line; absolute path.
    public var sshRevoked: String?
    /// Keys in the binary form that `gpg --export` writes; absolute path.
    public var gpgKeyring: String?
    public var require: Requirement

    public init(
        sshSigners: String? = nil, sshRevoked: String? = nil, gpgKeyring: String? = nil,
        require: Requirement = .commit
    ) {
        self.sshSigners = sshSigners
        self.sshRevoked = sshRevoked
        self.gpgKeyring = gpgKeyring
        self.require = require
    }
}
