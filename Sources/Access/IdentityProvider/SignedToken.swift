internal import Crypto
internal import FoundationEssentials

/// A JSON Web Token in its compact form, taken apart and not believed yet.
struct SignedToken {
    /// Longer ones are not looked at.
    static let limitInBytes = 8_192

    let algorithm: SignatureKey.Algorithm
    /// `nil`: the token names no key.
    let keyID: String?
    let claims: [String: JSONTree]
    let signature: [UInt8]
    let signed: [UInt8]

    /// - Throws: `TokenProblem` that says what is wrong with its form; nothing of the token is in it.
    init(_ text: some StringProtocol) throws(TokenProblem) {
        guard text.utf8.count <= Self.limitInBytes else { throw TokenProblem("is too long") }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(parts[0]).flatMap(JSONTree.members),
            let claims = Base64URL.decode(parts[1]).flatMap(JSONTree.members),
            let signature = Base64URL.decode(parts[2])
        else { throw TokenProblem("is not a signed token") }
        // What is not in this list is refused: `none`, and all that would take a public key for a secret.
        switch header["alg"]?.text {
        case "RS256": algorithm = .rs256
        case "ES256": algorithm = .es256
        case "EdDSA": algorithm = .edDSA
        default: throw TokenProblem("is signed by an algorithm other than RS256, ES256 and EdDSA")
        }
        guard header["crit"] == nil else { throw TokenProblem("asks for extensions that are not known") }
        keyID = header["kid"]?.text
        self.claims = claims
        self.signature = signature
        signed = Array("\(parts[0]).\(parts[1])".utf8)
    }
}

/// Why a token is not taken; ends a sentence that begins with "the token".
struct TokenProblem: Error, Hashable, Sendable {
    var text: String
    init(_ text: String) { self.text = text }
}
