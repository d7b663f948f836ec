internal import Crypto

/// A token that a file of the configuration holds. Kept as its digest, so that no dump of the process shows it.
public struct BearerToken: Sendable {
    /// At least this many bytes, so that guessing is hopeless.
    public static let minimumLength = 20

    private let digest: [UInt8]

    /// - Parameter text: the token, without line end; `nil` for one that is too short or has other than visible ASCII.
    public init?(_ text: String) {
        guard text.utf8.count >= Self.minimumLength, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            return nil
        }
        digest = ContentHash.sha256Bytes(text.utf8)
    }

    /// Whether `candidate` is the token. The time it takes tells nothing of it.
    public func accepts(_ candidate: some StringProtocol) -> Bool {
        ConstantTime.areEqual(ContentHash.sha256Bytes(candidate.utf8), digest)
    }
}
