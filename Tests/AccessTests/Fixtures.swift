@testable import Access
import FoundationEssentials
import Model
import Ports
import StateStore
import Synchronization
import Testing

/// Seconds since 1970 that a test moves.
final class TestClock: Sendable {
    private let seconds: Mutex<Int64>
    init(_ start: Int64 = 1_795_236_000) { seconds = Mutex(start) }
    var now: Int64 { seconds.withLock { $0 } }
    func advance(_ count: Int64) { seconds.withLock { $0 += count } }
}

enum Fixture {
    static let adminToken = "correct-horse-battery-staple"
    static var retail: ProjectName { get throws { try #require(ProjectName("retail")) } }
    static var press: ProjectName { get throws { try #require(ProjectName("press")) } }
    static let admin = Caller(name: "admin", way: .socket, grants: [Grant(.admin)])

    /// Runs `body` with a real store on disk, which is taken away afterwards.
    static func withStore(_ body: (SQLiteStore, String) async throws -> Void) async throws {
        let directory = "/tmp/slipway-access-\(UInt64.random(in: 0 ... .max))"
        let store = try await SQLiteStore(directory: directory)
        // A directory that stays behind in /tmp fails no test.
        defer { try? FileManager.default.removeItem(atPath: directory) }
        do {
            try await body(store, directory)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    static func access(
        _ store: any AccessStore, _ clock: TestClock, provider: IdentityProvider? = nil
    ) async throws -> AccessControl {
        try await AccessControl(
            store: store, adminToken: BearerToken(adminToken), provider: provider, now: { clock.now })
    }
}

extension Gatekeeper {
    /// What comes of a token: the caller, or the code of the refusal.
    func outcome(_ token: String, address: String = "192.0.2.1") async -> Result<Caller, AccessDenial> {
        do throws(AccessDenial) {
            return .success(try await caller(authorization: "Bearer \(token)", address: address))
        } catch {
            return .failure(error)
        }
    }
}

extension Result where Success == Caller, Failure == AccessDenial {
    var code: AccessDenial.Code? {
        if case .failure(let denial) = self { return denial.code }
        return nil
    }
    var caller: Caller? { try? get() }
}
