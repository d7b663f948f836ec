internal import Crypto
internal import FoundationEssentials

/// Whether a webhook comes from who knows the secret. All comparisons take the same time, wherever the difference is.
struct WebhookSignature: Sendable {
    private enum Scheme {
        /// The HMAC-SHA256 of the body as hexadecimal digits after `prefix`, in the first of these headers.
        case body(headers: [String], prefix: String)
        /// GitLab's secret token: the secret itself.
        case token
        /// GitLab's signing token, by Standard Webhooks: id, time and body are signed.
        case standard
    }

    /// What is signed is heard for so long before and after the time that it says, in seconds.
    static let toleranceInSeconds: Int64 = 300

    private let scheme: Scheme
    private let key: [UInt8]
    private let now: @Sendable () -> Int64

    init?(kind: ForgeConfiguration.Kind, secret: String, now: @escaping @Sendable () -> Int64) {
        self.now = now
        var key = Array(secret.utf8)
        switch kind {
        case .github: scheme = .body(headers: ["x-hub-signature-256"], prefix: "sha256=")
        case .git: scheme = .body(headers: ["x-slipway-signature"], prefix: "sha256=")
        case .gitea: scheme = .body(headers: ["x-gitea-signature", "x-forgejo-signature"], prefix: "")
        case .gitlab where secret.hasPrefix("whsec_"):
            guard let decoded = Data(base64Encoded: String(secret.dropFirst(6))) else { return nil }
            key = Array(decoded)
            scheme = .standard
        case .gitlab: scheme = .token
        }
        guard key.count >= 16 else { return nil }
        self.key = key
    }

    /// - Parameter headers: names in lower case.
    func isRight(_ headers: [String: String], _ body: [UInt8]) -> Bool {
        switch scheme {
        case .body(let names, let prefix):
            guard let sent = names.lazy.compactMap({ headers[$0] }).first, sent.hasPrefix(prefix) else {
                return false
            }
            let digits = sent.dropFirst(prefix.count)
            guard digits.utf8.count == 64, let code = Hex.decode(String(digits)) else { return false }
            return MessageAuthentication.isValidSHA256(code, key: key, message: body)
        case .token:
            guard let token = headers["x-gitlab-token"] else { return false }
            // Both are hashed, so that the lengths tell nothing either.
            return ConstantTime.areEqual(ContentHash.sha256Bytes(token.utf8), ContentHash.sha256Bytes(key))
        case .standard: return isStandard(headers, body)
        }
    }

    private func isStandard(_ headers: [String: String], _ body: [UInt8]) -> Bool {
        guard let id = headers["webhook-id"], let time = headers["webhook-timestamp"],
            let signatures = headers["webhook-signature"], let seconds = Int64(time)
        else { return false }
        let clock = now()
        guard (clock - Self.toleranceInSeconds...clock + Self.toleranceInSeconds).contains(seconds) else {
            return false
        }
        let message = Array("\(id).\(time).".utf8) + body
        // There are several while a key is exchanged, and other versions beside ours.
        return signatures.split(separator: " ").prefix(16).contains { signature in
            guard signature.hasPrefix("v1,"), signature.utf8.count < 100,
                let code = Data(base64Encoded: String(signature.dropFirst(3))), code.count == 32
            else { return false }
            return MessageAuthentication.isValidSHA256(Array(code), key: key, message: message)
        }
    }
}
