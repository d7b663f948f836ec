@testable import Access
import Crypto
import HTTPClient
import HTTPServer
import Model
import Ports
import Synchronization
import Testing

/// An OpenID Connect provider on this machine, as far as its keys go.
private final class Issuer: Sendable {
    struct State: Sendable {
        var keys: [String] = []
        var status = 200
        var keysURL: String?
        var namedIssuer: String?
        var calls: [String] = []
    }
    let state = Mutex(State())
    let server: HTTPServer
    let url: String

    private init(_ server: HTTPServer, _ url: String) {
        self.server = server
        self.url = url
    }

    static func with(_ body: (Issuer) async throws -> Void) async throws {
        let box = Mutex<Issuer?>(nil)
        let server = try HTTPServer.start(.init(tcp: .init(host: "127.0.0.1", port: 0))) { request in
            box.withLock { $0 }?.answer(request.path)
                ?? HTTPServerResponse(status: 500, headers: [], body: .bytes([]))
        }
        let issuer = Issuer(server, "http://127.0.0.1:\(try #require(server.tcpPort))")
        box.withLock { $0 = issuer }
        do {
            try await body(issuer)
        } catch {
            await server.stop(grace: .zero)
            throw error
        }
        await server.stop(grace: .zero)
        box.withLock { $0 = nil }
    }

    private func answer(_ path: String) -> HTTPServerResponse {
        let (status, text): (Int, String) = state.withLock { state in
            state.calls.append(path)
            guard path != "/.well-known/openid-configuration" else {
                let keys = state.keysURL ?? "\(url)/keys"
                return (200, #"{"issuer":"\#(state.namedIssuer ?? url)","jwks_uri":"\#(keys)"}"#)
            }
            return (state.status, #"{"keys":[\#(state.keys.joined(separator: ","))]}"#)
        }
        return HTTPServerResponse(
            status: status, headers: [("Location", "/keys2")], body: .bytes(Array(text.utf8)))
    }

    var keyCalls: Int { state.withLock { $0.calls.count { $0 == "/keys" } } }
}

@Suite struct IdentityProviderTests {
    private func provider(_ issuer: Issuer, _ clock: TestClock) throws -> IdentityProvider {
        let rules = [
            IdentityProviderConfiguration.Rule(
                claim: "groups", value: "shop-team", grants: [Grant(.developer, in: try Fixture.retail)]),
            .init(claim: "email", value: "boss@example.com", grants: [Grant(.admin)])
        ]
        return IdentityProvider(
            IdentityProviderConfiguration(
                issuer: issuer.url, audience: "slipway", nameClaim: "email", rules: rules,
                allowsLoopback: true),
            client: HTTPClient(), now: { clock.now })
    }

    private func claims(_ issuer: Issuer, _ clock: TestClock, changes: [String: String] = [:]) -> String {
        var members: [String: String] = [
            "iss": "\"\(issuer.url)\"", "aud": "\"slipway\"", "sub": "\"4711\"",
            "email": "\"anna@example.com\"",
            "exp": "\(clock.now + 300)", "nbf": "\(clock.now)", "groups": #"["other","shop-team"]"#
        ]
        // Nothing in the place of a value: the claim is left out.
        for (key, value) in changes { members[key] = value.isEmpty ? nil : value }
        return "{"
            + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
            + "}"
    }

    private func outcome(
        _ provider: IdentityProvider, _ token: String, _ clock: TestClock
    ) async -> Result<Caller, TokenProblem> {
        do throws(TokenProblem) {
            return .success(try await provider.caller(token, now: clock.now))
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: TestKey.Kind.allCases) func aTokenOfEachKindIsTaken(_ kind: TestKey.Kind) async throws {
        try await Issuer.with { issuer in
            let clock = TestClock()
            let key = try TestKey(kind, id: "k1")
            issuer.state.withLock { [jwk = try key.jwk()] in $0.keys = [#"{"kty":"oct","k":"AAAA"}"#, jwk] }
            let provider = try provider(issuer, clock)
            let caller = try await outcome(provider, try key.token(claims(issuer, clock)), clock).get()
            #expect(
                caller
                    == Caller(
                        name: "anna@example.com", way: .identityProvider,
                        grants: [Grant(.developer, in: try Fixture.retail)]))
            // No key, no grant: a token without a rule that fits gives nothing.
            let stranger = claims(issuer, clock, changes: ["groups": "[]"])
            #expect(try await outcome(provider, try key.token(stranger), clock).get().grants.isEmpty)
            let boss = claims(issuer, clock, changes: ["email": #""boss@example.com""#, "groups": ""])
            #expect(try await outcome(provider, try key.token(boss), clock).get().grants == [Grant(.admin)])
            // A token that names no key is checked with those of its algorithm.
            let nameless = try key.token(claims(issuer, clock), header: #"{"alg":"\#(kind.rawValue)"}"#)
            #expect(try await outcome(provider, nameless, clock).get().name == "anna@example.com")
            #expect(issuer.keyCalls == 1)
        }
    }

    @Test func whatDoesNotFitIsRefused() async throws {
        try await Issuer.with { issuer in
            let clock = TestClock()
            let key = try TestKey(.p256, id: "k1")
            issuer.state.withLock { [jwk = try key.jwk()] in $0.keys = [jwk] }
            let provider = try provider(issuer, clock)
            let table: [(String, [String: String])] = [
                ("is of another issuer", ["iss": #""https://evil.example.com""#]),
                ("is of another issuer", ["iss": "\"\(issuer.url)/\""]),
                ("is of another issuer", ["iss": ""]),
                ("is meant for somebody else", ["aud": #""other""#]),
                ("is meant for somebody else", ["aud": ""]), ("is meant for somebody else", ["aud": "{}"]),
                ("says not when it expires", ["exp": ""]), ("says not when it expires", ["exp": #""soon""#]),
                ("says not when it expires", ["exp": "1e300"]),
                ("has expired", ["exp": "\(clock.now - 61)"]),
                ("is not valid yet", ["nbf": "\(clock.now + 61)"]),
                ("is not valid yet", ["nbf": "true"]), ("has no subject", ["sub": ""]),
                ("has no subject", ["sub": #""""#])
            ]
            for (reason, changes) in table {
                let token = try key.token(claims(issuer, clock, changes: changes))
                #expect(await outcome(provider, token, clock) == .failure(TokenProblem(reason)), "\(changes)")
            }
            for changes in [
                ["exp": "\(clock.now - 59)"], ["nbf": "\(clock.now + 60)"], ["aud": #"["a","slipway"]"#],
                ["exp": "\(clock.now).75"], ["nbf": ""]
            ] as [[String: String]] {
                let token = try key.token(claims(issuer, clock, changes: changes))
                #expect(
                    try await outcome(provider, token, clock).get().name == "anna@example.com", "\(changes)")
            }
        }
    }

    @Test func signaturesThatAreNone() async throws {
        try await Issuer.with { issuer in
            let clock = TestClock()
            let keys = try TestKey.Kind.allCases.map { try TestKey($0, id: $0.rawValue) }
            let jwks = try keys.map { try $0.jwk() }
            issuer.state.withLock { $0.keys = jwks }
            let provider = try provider(issuer, clock)
            let unsigned = TokenProblem("is not signed by a key of the identity provider")
            let algorithm = TokenProblem("is signed by an algorithm other than RS256, ES256 and EdDSA")
            for key in keys {
                let token = try key.token(claims(issuer, clock))
                let parts = token.split(separator: ".").map(String.init)
                // Another payload, another signature, none, and a cut one.
                let other = Base64URL.encode(Array(claims(issuer, clock, changes: ["sub": "\"1\""]).utf8))
                for wrong in [
                    "\(parts[0]).\(other).\(parts[2])", "\(parts[0]).\(parts[1]).",
                    "\(parts[0]).\(parts[1]).\(Base64URL.encode(Array(repeating: 0, count: 64)))",
                    "\(parts[0]).\(parts[1]).\(Base64URL.encode(Array(try key.sign([]).dropLast())))"
                ] {
                    #expect(await outcome(provider, wrong, clock) == .failure(unsigned))
                }
                // A stranger's key under the name of a known one.
                let stranger = try TestKey(key.kind, id: key.id)
                #expect(
                    await outcome(provider, try stranger.token(claims(issuer, clock)), clock)
                        == .failure(unsigned))
                // The known name with another algorithm.
                for name in TestKey.Kind.allCases where name != key.kind {
                    let mixed = try key.token(
                        claims(issuer, clock), header: #"{"alg":"\#(name.rawValue)","kid":"\#(key.id)"}"#)
                    #expect(await outcome(provider, mixed, clock) == .failure(unsigned))
                }
                for name in ["none", "None", "HS256", "HS512", "PS256", "RS1", "es256", ""] {
                    let token = try key.token(
                        claims(issuer, clock), header: #"{"alg":"\#(name)","kid":"\#(key.id)"}"#)
                    #expect(await outcome(provider, token, clock) == .failure(algorithm), "\(name)")
                }
            }
            // The public key taken for a secret of HMAC: the classic confusion.
            let signed =
                Base64URL.encode(Array(#"{"alg":"HS256","kid":"RS256"}"#.utf8)) + "."
                + Base64URL.encode(Array(claims(issuer, clock).utf8))
            let code = MessageAuthentication.hmacSHA256(key: Array(jwks[0].utf8), message: Array(signed.utf8))
            #expect(
                await outcome(provider, "\(signed).\(Base64URL.encode(code))", clock) == .failure(algorithm))
            let critical = try keys[0].token(
                claims(issuer, clock), header: #"{"alg":"RS256","kid":"RS256","crit":["b64"],"b64":false}"#)
            #expect(
                await outcome(provider, critical, clock)
                    == .failure(TokenProblem("asks for extensions that are not known")))
            for wrong in ["", ".", "..", "a.b", "a.b.c.d", "e30.e30", String(repeating: "a", count: 9_000)] {
                #expect((try? await outcome(provider, wrong, clock).get()) == nil)
            }
        }
    }

    @Test func keysAreRenewedButNotByEveryStranger() async throws {
        try await Issuer.with { issuer in
            let clock = TestClock()
            let (old, new) = (try TestKey(.ed25519, id: "old"), try TestKey(.ed25519, id: "new"))
            issuer.state.withLock { [jwk = try old.jwk()] in $0.keys = [jwk] }
            let provider = try provider(issuer, clock)
            #expect(
                try await outcome(provider, try old.token(claims(issuer, clock)), clock).get().name.isEmpty
                    == false)
            #expect(issuer.keyCalls == 1)
            // Unknown keys ask once in a while only.
            clock.advance(KeyKeeper.pause)
            for number in 0..<20 {
                let stranger = try TestKey(.ed25519, id: "stranger \(number)")
                #expect(
                    (try? await outcome(provider, try stranger.token(claims(issuer, clock)), clock).get())
                        == nil)
            }
            #expect(issuer.keyCalls == 2)
            // The provider changes its key.
            issuer.state.withLock { [jwk = try new.jwk()] in $0.keys = [jwk] }
            clock.advance(KeyKeeper.pause)
            #expect((try? await outcome(provider, try new.token(claims(issuer, clock)), clock).get()) != nil)
            #expect((try? await outcome(provider, try old.token(claims(issuer, clock)), clock).get()) == nil)
            // It is away: what was fetched is believed for a day, and no longer.
            issuer.state.withLock { $0.status = 500 }
            clock.advance(KeyKeeper.freshness + 1)
            #expect((try? await outcome(provider, try new.token(claims(issuer, clock)), clock).get()) != nil)
            #expect(await provider.keys.problem == "it answers 500")
            clock.advance(KeyKeeper.patience)
            #expect(
                await outcome(provider, try new.token(claims(issuer, clock)), clock)
                    == .failure(
                        TokenProblem("cannot be checked: the identity provider's keys cannot be fetched")))
        }
    }

    /// One fetch for however many that come at once.
    @Test func keysAreFetchedOnce() async throws {
        try await Issuer.with { issuer in
            let clock = TestClock()
            let key = try TestKey(.p256, id: "k1")
            issuer.state.withLock { [jwk = try key.jwk()] in $0.keys = [jwk] }
            let provider = try provider(issuer, clock)
            let token = try key.token(claims(issuer, clock))
            await withTaskGroup { group in
                for _ in 0..<50 {
                    group.addTask { (try? await provider.caller(token, now: clock.now)) != nil }
                }
                for await isIn in group { #expect(isIn) }
            }
            #expect(issuer.keyCalls == 1)
        }
    }

    @Test func keysComeFromNowhereElse() async throws {
        try await Issuer.with { issuer in
            let clock = TestClock()
            let key = try TestKey(.p256, id: "k1")
            let jwk = try key.jwk()
            let token = try key.token(claims(issuer, clock))
            func problem(_ change: (inout Issuer.State) -> Void) async throws -> String? {
                issuer.state.withLock { state in
                    state = Issuer.State(keys: [jwk])
                    change(&state)
                }
                let provider = try provider(issuer, clock)
                _ = await outcome(provider, token, clock)
                return await provider.keys.problem
            }
            #expect(try await problem { _ in } == nil)
            #expect(
                try await problem { $0.namedIssuer = "https://evil.example.com" }
                    == "its description names another issuer, or none")
            for url in [
                "http://169.254.169.254/keys", "https://169.254.169.254/", "http://example.com/keys",
                "file:///etc/passwd"
            ] {
                #expect(
                    try await problem { $0.keysURL = url }?.hasPrefix("the address of its keys") == true,
                    "\(url)")
            }
            // A redirect is an answer like any other that is not 200.
            #expect(try await problem { $0.status = 302 } == "it answers 302")
            #expect(issuer.state.withLock { !$0.calls.contains("/keys2") })
            #expect(try await problem { $0.keys = [] } == "the answer has no key that is taken")
            #expect(
                try await problem { $0.keys = [String(repeating: " ", count: KeySet.limitInBytes)] } != nil)
        }
    }

    @Test(arguments: [
        ("https://login.example.com", true), ("https://login.example.com:8443/realms/a", true),
        ("https://xn--bcher-kva.example/x?y=z", true), ("http://login.example.com", false),
        ("https://127.0.0.1", false), ("https://localhost", false), ("https://[::1]/", false),
        ("https://169.254.169.254", false), ("https://0251.0376.0251.0376", false),
        ("https://2852039166", false),
        ("https://0xa9fea9fe", false), ("https://0xa9.0xfe.0xa9.0xfe", false),
        ("https://a@login.example.com", false),
        ("https://login.example.com\\@evil", false), ("https://", false), ("https://login", false),
        ("ftp://login.example.com", false), ("https://login.example.com/#a", false),
        ("https://login..example.com", false)
    ]) func addresses(_ url: String, _ isTaken: Bool) {
        #expect((ProviderAddress.objection(url, allowsLoopback: false) == nil) == isTaken, "\(url)")
    }

    @Test func loopbackIsTakenWhereItIsAllowed() {
        for url in ["http://127.0.0.1:80", "http://localhost/x", "https://[::1]:1/"] {
            #expect(ProviderAddress.objection(url, allowsLoopback: true) == nil, "\(url)")
        }
        for url in ["http://127.0.0.2", "http://127.1", "http://0.0.0.0", "http://localhost.evil.example"] {
            #expect(ProviderAddress.objection(url, allowsLoopback: true) != nil, "\(url)")
        }
    }
}
