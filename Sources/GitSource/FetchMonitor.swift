internal import CGit2
internal import FoundationEssentials

/// What libgit2's callbacks ask and report during one fetch. Used on the helper's one thread.
final class FetchMonitor {
    let address: RemoteAddress
    private let credentials: FetchRequest.Credentials
    private let maximumSizeInBytes: Int64
    private(set) var receivedBytes: Int64 = 0
    private(set) var isTooLarge = false
    private(set) var hasRefusedCredentials = false
    private(set) var isRedirectedElsewhere = false
    private(set) var hostKeyProblem: String?
    private(set) var certificateHost: String?
    private(set) var branchesOnRemote: Int?
    /// Why the remote did not move the reference that was pushed; `nil`: it did, or was not asked.
    private(set) var refusal: String?
    private var credentialsGiven = 0

    init(address: RemoteAddress, request: FetchRequest) {
        self.address = address
        credentials = request.credentials
        maximumSizeInBytes = request.maximumSizeInBytes
    }

    func noteAnswer(refusal: String?) { self.refusal = refusal.map { Text.printable($0, limit: 300) } }

    /// A connection for something else may sign in as often as the first.
    func beginAgain() {
        credentialsGiven = 0
        refusal = nil
    }

    func note(missingBranchAmong count: Int) { branchesOnRemote = count }

    /// libgit2 asks again when the remote has refused what it got; there is nothing better to offer then.
    func offer(
        _ target: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>, user: String?, allowed: UInt32
    ) -> Int32 {
        switch credentials {
        case .none:
            hasRefusedCredentials = true
            return GIT_EAUTH.rawValue
        case .token(let username, let token):
            guard isAskedByFirstServer() else {
                isRedirectedElsewhere = true
                return GIT_EAUTH.rawValue
            }
            guard allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0, isFirstOffer() else {
                hasRefusedCredentials = true
                return GIT_EAUTH.rawValue
            }
            return unsafe git_credential_userpass_plaintext_new(target, username, token)
        case .sshKey(let path, _, let defaultUser):
            if allowed & GIT_CREDENTIAL_USERNAME.rawValue != 0 {
                return unsafe git_credential_username_new(target, user ?? defaultUser)
            }
            guard allowed & GIT_CREDENTIAL_SSH_KEY.rawValue != 0, isFirstOffer() else {
                hasRefusedCredentials = true
                return GIT_EAUTH.rawValue
            }
            return unsafe git_credential_ssh_key_new(target, user ?? defaultUser, nil, path, "")
        }
    }

    /// libgit2 follows no redirect to another host, but one to another port of the same host, where another
    /// person's server may listen; and it does not say who asks. The connection does.
    /// `redirectDoesNotCarryCredentialsAway` tests it.
    private func isAskedByFirstServer() -> Bool {
        let expected = address.port ?? (address.transport == .https ? 443 : 80)
        let ports = OpenConnections.remotePorts()
        return !ports.isEmpty && ports.allSatisfy { $0 == expected }
    }

    private func isFirstOffer() -> Bool {
        credentialsGiven += 1
        // The negotiation and the download may each sign in once on connections of their own.
        return credentialsGiven <= 2
    }

    /// `true` if the peer is who it should be.
    func accept(_ certificate: UnsafeMutablePointer<git_cert>?, isValid: Bool, host: String) -> Bool {
        if isValid, host.lowercased() == address.host || "[\(host.lowercased())]" == address.host {
            return true
        }
        guard let certificate = unsafe certificate else {
            certificateHost = host
            return false
        }
        if unsafe certificate.pointee.cert_type == GIT_CERT_HOSTKEY_LIBSSH2 {
            hostKeyProblem = unsafe UnsafeMutableRawPointer(certificate).withMemoryRebound(
                to: git_cert_hostkey.self, capacity: 1
            ) { key in unsafe HostKey(key.pointee).advice(knownHostsName: address.knownHostsName) }
        } else {
            certificateHost = host
        }
        return false
    }

    /// `true` to go on.
    func progress(_ received: Int) -> Bool {
        receivedBytes = Int64(received)
        isTooLarge = isTooLarge || receivedBytes > maximumSizeInBytes
        return !isTooLarge
    }
}
