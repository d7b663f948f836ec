internal import CGit2
internal import FoundationEssentials

/// The key that an SSH server has shown.
struct HostKey {
    private let algorithm: String?
    private let key: [UInt8]
    private let digest: [UInt8]

    init(_ raw: git_cert_hostkey) {
        let algorithms: [UInt32: String] = [
            GIT_CERT_SSH_RAW_TYPE_RSA.rawValue: "ssh-rsa",
            GIT_CERT_SSH_RAW_TYPE_KEY_ECDSA_256.rawValue: "ecdsa-sha2-nistp256",
            GIT_CERT_SSH_RAW_TYPE_KEY_ECDSA_384.rawValue: "ecdsa-sha2-nistp384",
            GIT_CERT_SSH_RAW_TYPE_KEY_ECDSA_521.rawValue: "ecdsa-sha2-nistp521",
            GIT_CERT_SSH_RAW_TYPE_KEY_ED25519.rawValue: "ssh-ed25519"
        ]
        let has = { (part: git_cert_ssh_t) in unsafe raw.type.rawValue & part.rawValue != 0 }
        algorithm = has(GIT_CERT_SSH_RAW) ? unsafe algorithms[raw.raw_type.rawValue] : nil
        key =
            if has(GIT_CERT_SSH_RAW), let start = unsafe raw.hostkey, unsafe raw.hostkey_len > 0 {
                unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: raw.hostkey_len))
            } else {
                []
            }
        digest =
            has(GIT_CERT_SSH_SHA256) ? unsafe withUnsafeBytes(of: raw.hash_sha256) { unsafe [UInt8]($0) } : []
    }

    /// What to compare with what the server's owner says, and which line of known_hosts would accept the key.
    func advice(knownHostsName: String) -> String {
        var fingerprint = Data(digest).base64EncodedString()
        while fingerprint.hasSuffix("=") { fingerprint.removeLast() }
        let shown = digest.isEmpty ? "a key" : "a key with the fingerprint SHA256:\(fingerprint)"
        guard let algorithm else { return "The host \(knownHostsName) shows \(shown), which is not known." }
        return "The host \(knownHostsName) shows \(shown), which the known_hosts file does not have for it. "
            + "If the host's owner confirms the fingerprint, add this line: "
            + "\(knownHostsName) \(algorithm) \(Data(key).base64EncodedString())"
    }
}
