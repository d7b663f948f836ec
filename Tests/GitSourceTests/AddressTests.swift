internal import Execution
internal import GitSource
internal import Model
internal import Ports
internal import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("https://example.com/org/repo.git", RemoteAddress.Transport.https, "example.com", nil as Int?),
        ("https://example.com:8443/org/repo%20x", .https, "example.com", 8_443),
        ("http://[::1]:80/r", .http, "[::1]", 80),
        ("ssh://git@example.com:2222/org/repo.git", .ssh, "example.com", 2_222),
        ("ssh://example.com/~anna/repo", .ssh, "example.com", nil),
        ("git@github.com:org/repo.git", .ssh, "github.com", nil),
        ("file:///srv/config.git", .local, "", nil),
        ("/srv/config.git", .local, "", nil)
    ])
    func accepted(text: String, transport: RemoteAddress.Transport, host: String, port: Int?) throws {
        let address = try RemoteAddress(text, allowsLocal: true)
        #expect(address.transport == transport && address.host == host && address.port == port)
    }

    @Test(arguments: [
        "", "-", "--upload-pack=touch /tmp/x", "-oProxyCommand=id", "ext::sh -c id", "ext::id", "fd::17",
        "git://h/r",
        "ftp://h/r", "javascript:alert(1)", "https://", "https://h", "https:///r", "https://h/",
        "ssh://-oProxyCommand=id/r",
        "ssh://-x@h/r", "ssh://h/-x", "git@-h:r", "-git@h:r", "git@h:-r", "git@h:", "@h:r", "h:r", "git@h::r",
        "https://h/$(id)", "https://h/`id`", "https://h/r;id", "https://h/r|id", "https://h/r'x",
        "https://h/r\"x",
        "ssh://git@h/r'; id '", "https://h/a b", "https://h/a\nb", "https://h/a%0ab", "https://h/a%0Ab",
        "https://h/a%00",
        "https://h/a%", "https://h/a%zz", "https://h/%2e%2e/%2f", "https://h/a%25x", "https://h/../r",
        "https://h/r/..",
        "https://h\\@evil/r", "https://user:s3cret-sentinel@h/r", "https://user@h/r", "https://h:0/r",
        "https://h:99999/r",
        "https://h:x/r", "https://ex\u{430}mple.com/r", "https://h/\u{202e}r", "file://host/r", "file://",
        "srv/config.git",
        "../config.git", "https://h/%27", "ssh://h/%60id%60", "ssh://h/%24x", "ssh://h/a%20b", "git@h:a%20b",
        "https://h_ö/r", "file:///a%2fb",
        "https://\(String(repeating: "h", count: 3_000))/r"
    ])
    func refused(text: String) throws {
        let error = try #require(throws: SourceError.self) { try RemoteAddress(text, allowsLocal: true) }
        #expect(error.code == .invalidConfiguration)
        #expect(!error.message.contains("s3cret-sentinel") && !error.message.contains("\n"))
    }

    @Test(arguments: ["/srv/config.git", "file:///srv/config.git"])
    func localIsRefusedUnlessAllowed(text: String) throws {
        let error = try #require(throws: SourceError.self) { try RemoteAddress(text, allowsLocal: false) }
        #expect(error.code == .invalidConfiguration && error.message.contains("--repo"))
    }

    @Test(arguments: [
        "", "-x", "--upload-pack=x", "a b", "a\nb", "a%0ab", "a..b", "a~1", "a^", "a:b", "a?", "a*", "a[b",
        "a\\b", "@", "a@{1}",
        "/a", "a/", "a//b", ".a", "a/.b", "a.", "a.lock", "a.lock/b", "$(id)", "`id`", "HEAD", "a\u{0}",
        "a\u{7f}",
        "a\u{200b}", "a;b", "a|b", "a&b", "a'b", "a\"b", String(repeating: "a", count: 201)
    ])
    func branchIsRefused(branch: String) async throws {
        let remote = try TestRepository()
        let error = try await #require(fetchError(try Follower(remote.path), branch: branch))
        #expect(error.code == .invalidConfiguration)
    }

    @Test func credentialsMustFitTheAddress() throws {
        let token = GitCredentials.token(username: "x", GitSecret("y"))
        let key = GitCredentials.sshKey(path: "/k", knownHosts: "/h", user: "git")
        for (url, credentials) in [
            ("http://example.com/r", token), ("ssh://git@h/r", token), ("/srv/r", token),
            ("https://h/r", key), ("/srv/r", key)
        ] {
            #expect(throws: SourceError.self, "\(url)") {
                try Follower(url, credentials: credentials, helper: "/x")
            }
        }
        _ = try Follower("https://h/r", credentials: token, helper: "/x")
        _ = try Follower("git@h:r", credentials: key, helper: "/x")
        #expect(throws: SourceError.self) { try Follower("https://h/r", helper: "relative") }
    }

    @Test func secretsDoNotPrint() {
        let credentials = GitCredentials.token(username: "x", GitSecret("s3ntinel"))
        var dumped = ""
        dump(credentials, to: &dumped)
        #expect(
            !"\(credentials)".contains("s3ntinel") && !String(reflecting: credentials).contains("s3ntinel"))
        #expect(!dumped.contains("s3ntinel"))
    }

    @Test func mirrorsOfDifferentAddressesDoNotMeet() throws {
        let paths = try [
            "https://h/a", "https://h/b", "https://h/A", "http://h/a", "git@h:a", "https://h:444/a"
        ].map {
            try Follower($0, helper: "/x").repository.mirrorPath.split(separator: "/").dropLast().last
        }
        #expect(Set(paths).count == paths.count)
    }
}
