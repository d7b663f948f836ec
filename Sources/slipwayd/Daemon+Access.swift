import Access
import ControlAPI
import Execution
import HTTPClient
import StateStore
import Telemetry

extension Daemon {
    /// Who may ask, as store and settings say.
    func access(_ store: SQLiteStore, _ client: HTTPClient) async throws -> AccessControl {
        let now: @Sendable () -> Int64 = { BootClock.wallSeconds() }
        return try await AccessControl(
            store: store, adminToken: try token(settings.tokenFile),
            readToken: try token(settings.readTokenFile),
            provider: settings.identityProvider.map { IdentityProvider($0, client: client, now: now) },
            keeping: settings.audit, now: now,
            complain: { [logger] message in logger.error("audit log", ["problem": "\(message)"]) })
    }

    private func token(_ file: String?) throws(SettingsError) -> BearerToken? {
        guard let file else { return nil }
        guard let token = BearerToken(try Files.secret(file)) else {
            throw SettingsError(
                "\(file): a token has at least \(BearerToken.minimumLength) printable characters")
        }
        return token
    }
}
