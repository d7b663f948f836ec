import FoundationEssentials
import TestServers

/// An OpenID Connect provider as far as its documents go: files behind a web server, and keys and signatures by `openssl`.
struct TestProvider: Sendable {
    let directory: String
    let issuer: String

    static func with(in directory: String, _ body: (TestProvider) async throws -> Void) async throws {
        let port = try closedPort()
        let provider = TestProvider(directory: directory, issuer: "http://127.0.0.1:\(port)")
        try await provider.makeKey()
        try await withProgram(
            [
                "/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory",
                directory + "/public", "\(port)"
            ],
            whenReady: {
                try await eventually("the provider answers") {
                    let output = try await Shell.run([
                        "curl", "-fs", "-o", "/dev/null", provider.issuer + "/keys"
                    ])
                    return output.exitCode == 0 ? .yes(()) : .notYet("\(output)")
                }
            },
            { try await body(provider) })
    }

    private func makeKey() async throws {
        let script = #"""
            set -e
            mkdir -p "$0/public/.well-known"
            cd "$0"
            openssl genpkey -algorithm ed25519 -out key.pem
            x=$(openssl pkey -in key.pem -pubout -outform DER | tail -c 32 | basenc --base64url | tr -d =)
            printf '{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"one","x":"%s"}]}' "$x" >public/keys
            printf '{"issuer":"%s","jwks_uri":"%s/keys"}' "$1" "$1" >public/.well-known/openid-configuration
            """#
        try await Shell.succeed(["sh", "-c", script, directory, issuer])
    }

    /// A file with a token of somebody in these groups, for an audience.
    func tokenFile(_ name: String, groups: [String], audience: String = "slipway") async throws -> String {
        let list = groups.map { "\"\($0)\"" }.joined(separator: ",")
        let expiry = Int(Date().timeIntervalSince1970) + 600
        let claims = """
            {"iss":"\(issuer)","aud":"\(audience)","sub":"4711","email":"\(name)@example.com","exp":\(expiry),\
            "groups":[\(list)]}
            """
        let script = #"""
            set -e
            cd "$0"
            part() { basenc --base64url -w 0 | tr -d =; }
            signed=$(printf '{"alg":"EdDSA","kid":"one","typ":"JWT"}' | part).$(printf %s "$2" | part)
            printf %s "$signed" >"$1.signed"
            openssl pkeyutl -sign -rawin -inkey key.pem -in "$1.signed" -out "$1.signature"
            (umask 077; printf '%s.%s\n' "$signed" "$(part <"$1.signature")" >"$1.token")
            """#
        try await Shell.succeed(["sh", "-c", script, directory, name, claims])
        return "\(directory)/\(name).token"
    }

    /// Lines of the configuration file.
    func configuration(rules: [String]) -> [String] {
        [
            "access:", "  identity_provider:", "    issuer: \(issuer)", "    audience: slipway",
            "    name_claim: email", "    allow_loopback: true", "    rules:"
        ] + rules.map { "      - " + $0 }
    }
}
