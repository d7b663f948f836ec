internal import Crypto
internal import FoundationEssentials
internal import HTTPClient
internal import Ports
internal import Synchronization

/// Whose the token is, once the forge has said so.
///
/// It answers `GET /user`, unless the token may not ask that (a GitHub App's, one of Gitea's without `read:user`);
/// and whatever the token makes is answered with who has made it.
final class ForgeAccount: Sendable {
    private struct Known {
        /// Tokens are exchanged while running; the next may be another account's.
        var tokenHash: [UInt8]
        var id: Int64
    }
    private let known = Mutex<Known?>(nil)

    func id(of token: String) -> Int64? {
        let hash = ContentHash.sha256Bytes(token.utf8)
        return known.withLock { $0?.tokenHash == hash ? $0?.id : nil }
    }

    func learn(_ id: Int64, of token: String) {
        let hash = ContentHash.sha256Bytes(token.utf8)
        known.withLock { $0 = Known(tokenHash: hash, id: id) }
    }

    /// - Parameter answer: to what was made, and not merely changed.
    func learn(from answer: ForgeClient.Answer) {
        struct Made: Decodable {
            var user: WireAccount?
            /// Of a status.
            var creator: WireAccount?
            /// GitLab's.
            var author: WireAccount?
        }
        // One that does not say it teaches nothing.
        guard let made = try? JSONDecoder().decode(Made.self, from: Data(answer.response.body)),
            let id = (made.user ?? made.creator ?? made.author)?.id
        else { return }
        learn(id, of: answer.token)
    }
}

extension ForgeClient {
    /// The account of the token; `nil`: it may not know.
    func accountID() async throws(ForgeError) -> Int64? {
        let token = try token()
        if let known = account.id(of: token) { return known }
        do throws(ForgeError) {
            let found = try await get(WireAccount.self, ["user"])
            account.learn(found.id, of: token)
            return found.id
        } catch  where error.code == .unauthorized || error.code == .notFound {
            return nil
        }
    }
}
