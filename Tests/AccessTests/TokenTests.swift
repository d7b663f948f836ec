@testable import Access
import FoundationEssentials
import Model
import Ports
import StateStore
import Testing

@Suite struct TokenTests {
    @Test func aTokenOpensUntilItExpires() async throws {
        try await Fixture.withStore { store, _ in
            let clock = TestClock()
            let access = try await Fixture.access(store, clock)
            let request = TokenRequest(
                name: "ci", grants: [Grant(.developer, in: try Fixture.retail)], expiresInSeconds: 60)
            let created = try await access.create(request, by: Fixture.admin)
            #expect(created.report.state == .valid)
            #expect(created.token.hasPrefix("slipway_\(created.report.id)_"))
            let caller = try #require(await access.gatekeeper.outcome(created.token).caller)
            #expect(caller.grants == request.grants && caller.way == .token)
            #expect(access.gatekeeper.isStillGood(authorization: "Bearer \(created.token)"))
            clock.advance(59)
            #expect(await access.gatekeeper.outcome(created.token).caller != nil)
            clock.advance(1)
            #expect(await access.gatekeeper.outcome(created.token).code == .expired)
            #expect(!access.gatekeeper.isStillGood(authorization: "Bearer \(created.token)"))
            #expect(access.tokens(for: Fixture.admin).map(\.state) == [.expired])
        }
    }

    @Test func aRevokedTokenStaysShutAfterARestart() async throws {
        try await Fixture.withStore { store, _ in
            let clock = TestClock()
            let access = try await Fixture.access(store, clock)
            let kept = try await access.create(
                .init(name: "kept", grants: [Grant(.viewer)]), by: Fixture.admin)
            let lost = try await access.create(
                .init(name: "lost", grants: [Grant(.admin)]), by: Fixture.admin)
            #expect(try await access.revoke("lost", by: Fixture.admin).state == .revoked)
            #expect(try await access.revoke(lost.report.id.rawValue, by: Fixture.admin).state == .revoked)
            #expect(await access.gatekeeper.outcome(lost.token).code == .revoked)
            let again = try await Fixture.access(store, clock)
            #expect(await again.gatekeeper.outcome(lost.token).code == .revoked)
            #expect(await again.gatekeeper.outcome(kept.token).caller?.grants == [Grant(.viewer)])
        }
    }

    /// The text of a token is nowhere but in the answer.
    @Test func theStoreHasNoSecret() async throws {
        try await Fixture.withStore { store, directory in
            let access = try await Fixture.access(store, TestClock())
            let created = try await access.create(
                .init(name: "ci", grants: [Grant(.viewer)]), by: Fixture.admin)
            await access.audit.note(
                AuditRecord(
                    at: WallTime(secondsSince1970: 0), actor: "x", way: .token, action: "y", result: .done))
            let secret = String(created.token.suffix(43))
            for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
                let bytes = FileManager.default.contents(atPath: "\(directory)/\(name)") ?? Data()
                #expect(bytes.firstRange(of: Data(secret.utf8)) == nil, "\(name)")
            }
            let listed = try WireCoding.encode(access.tokens(for: Fixture.admin))
            let text = String(decoding: listed, as: UTF8.self)
            #expect(!text.contains(secret) && !text.contains("digest"))
        }
    }

    @Test func wrongTokens() async throws {
        try await Fixture.withStore { store, _ in
            let clock = TestClock()
            let access = try await Fixture.access(store, clock)
            let created = try await access.create(
                .init(name: "ci", grants: [Grant(.viewer)]), by: Fixture.admin)
            let flipped = created.token.hasSuffix("A") ? "E" : "A"
            let other = try await access.create(.init(name: "b", grants: [Grant(.viewer)]), by: Fixture.admin)
            let (token, secret) = (created.token, String(created.token.suffix(43)))
            var wrong: [String] = [
                String(token.dropLast()), token + "A", token.uppercased(), "slipway_000000000000_\(secret)"
            ]
            wrong.append(String(token.dropLast()) + flipped)
            wrong.append(String(token.prefix(21)) + String(other.token.dropFirst(21)))
            wrong += [Fixture.adminToken + "x", String(Fixture.adminToken.dropLast()), "a.b.c", ".."]
            wrong.append("eyJhbGciOiJub25lIn0.e30.")
            for wrong in wrong {
                #expect(await access.gatekeeper.outcome(wrong).code == .wrong, "\(wrong.prefix(8))")
                clock.advance(1_000)
            }
            for header in [nil, "", "Bearer", "Bearer ", "Basic \(created.token)", created.token] as [String?]
            {
                await #expect(throws: AccessDenial.self) {
                    try await access.gatekeeper.caller(authorization: header, address: "192.0.2.1")
                }
            }
            #expect(access.gatekeeper.throttle.wait("192.0.2.1", now: clock.now) == nil)
        }
    }

    @Test func nobodyGivesMoreThanTheyHave() async throws {
        try await Fixture.withStore { store, _ in
            let access = try await Fixture.access(store, TestClock())
            let (retail, press) = (try Fixture.retail, try Fixture.press)
            let local = Caller(
                name: "local", way: .token, grants: [Grant(.admin, in: retail), Grant(.operator, in: press)])
            for grants in [
                [Grant(.viewer)], [Grant(.viewer, in: press)],
                [Grant(.admin, in: retail), Grant(.viewer, in: press)]
            ] {
                await #expect(throws: ControlError.self, "\(grants)") {
                    try await access.create(.init(name: "x", grants: grants), by: local)
                }
            }
            let mine = try await access.create(
                .init(name: "mine", grants: [Grant(.admin, in: retail)]), by: local)
            let theirs = try await access.create(
                .init(name: "theirs", grants: [Grant(.viewer)]), by: Fixture.admin)
            #expect(access.tokens(for: local).map(\.id) == [mine.report.id])
            // Another's token is as one that there is not.
            for key in ["theirs", theirs.report.id.rawValue, "nobody"] {
                await #expect(
                    throws: ControlError(.notFound, "there is no such token; `slipway token list` shows them")
                ) {
                    try await access.revoke(key, by: local)
                }
            }
            // A name of another project's tokens may be used, without telling of it.
            _ = try await access.create(
                .init(name: "theirs", grants: [Grant(.viewer, in: retail)]), by: local)
            await #expect(throws: ControlError.self) {
                try await access.create(.init(name: "mine", grants: [Grant(.viewer, in: retail)]), by: local)
            }
        }
    }

    @Test(arguments: [
        TokenRequest(name: "", grants: [Grant(.viewer)]),
        TokenRequest(name: String(repeating: "x", count: 65), grants: [Grant(.viewer)]),
        TokenRequest(name: "a\u{1B}b", grants: [Grant(.viewer)]), TokenRequest(name: "ok", grants: []),
        TokenRequest(name: "ok", grants: [Grant(.viewer)], expiresInSeconds: 59),
        TokenRequest(name: "ok", grants: [Grant(.viewer)], expiresInSeconds: .max)
    ]) func malformedRequests(_ request: TokenRequest) async throws {
        try await Fixture.withStore { store, _ in
            let access = try await Fixture.access(store, TestClock())
            await #expect(throws: ControlError.self) { try await access.create(request, by: Fixture.admin) }
        }
    }

    @Test func endedTokensAreForgottenAfterAMonth() async throws {
        try await Fixture.withStore { store, _ in
            let clock = TestClock()
            let access = try await Fixture.access(store, clock)
            _ = try await access.create(
                .init(name: "old", grants: [Grant(.viewer)], expiresInSeconds: 60), by: Fixture.admin)
            clock.advance(60 + TokenBook.shownAfterEnd - 1)
            _ = try await access.create(.init(name: "a", grants: [Grant(.viewer)]), by: Fixture.admin)
            #expect(access.tokens(for: Fixture.admin).map(\.name) == ["a", "old"])
            clock.advance(1)
            _ = try await access.create(.init(name: "b", grants: [Grant(.viewer)]), by: Fixture.admin)
            #expect(access.tokens(for: Fixture.admin).map(\.name) == ["a", "b"])
            #expect(try await store.tokens().count == 2)
        }
    }
}

@Suite struct ThrottleTests {
    @Test func guessingBecomesSlow() async throws {
        try await Fixture.withStore { store, _ in
            let clock = TestClock()
            let access = try await Fixture.access(store, clock)
            let made = try await access.create(.init(name: "ci", grants: [Grant(.viewer)]), by: Fixture.admin)
            let gate = access.gatekeeper
            for _ in 0..<AttemptThrottle.free {
                #expect(await gate.outcome("wrong-wrong-wrong-wrong").code == .wrong)
            }
            #expect(await gate.outcome("wrong-wrong-wrong-wrong").code == .wrong)
            var waits: [Int64] = []
            for _ in 0..<12 {
                let denied = await gate.outcome(Fixture.adminToken)
                guard case .failure(let denial) = denied else {
                    Issue.record("the right token is looked at while the address waits")
                    return
                }
                #expect(denial.code == .throttled)
                waits.append(denial.retryAfterInSeconds ?? 0)
                clock.advance(waits.last ?? 0)
                #expect(await gate.outcome("wrong-wrong-wrong-wrong").code == .wrong)
            }
            #expect(waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
            // Whoever else comes is not held up, and neither is a token that cannot be guessed.
            #expect(await gate.outcome(Fixture.adminToken, address: "192.0.2.2").caller != nil)
            #expect(await gate.outcome(made.token).caller != nil)
            // It was right, so the address begins anew.
            #expect(await gate.outcome(Fixture.adminToken).caller != nil)
        }
    }

    @Test func anAddressIsForgottenAfterAWhile() {
        let throttle = AttemptThrottle()
        for _ in 0..<20 { throttle.failed("a", now: 1_000) }
        #expect(throttle.wait("a", now: 1_000) == AttemptThrottle.longestWait)
        throttle.failed("a", now: 1_000 + AttemptThrottle.memory + 1)
        #expect(throttle.wait("a", now: 1_000 + AttemptThrottle.memory + 1) == nil)
    }

    @Test func itsMemoryIsBounded() {
        let throttle = AttemptThrottle()
        for number in 0..<(3 * AttemptThrottle.limit) { throttle.failed("\(number)", now: Int64(number)) }
        #expect(throttle.count <= AttemptThrottle.limit)
        for _ in 0...AttemptThrottle.free { throttle.failed("late", now: 1_000_000) }
        #expect(throttle.wait("late", now: 1_000_000) == 1)
    }
}
