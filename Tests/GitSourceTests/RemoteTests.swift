internal import FoundationEssentials
internal import GitSource
internal import Glibc
internal import Model
internal import Ports
internal import Testing

@Suite struct RemoteTests {
    // MARK: - HTTP

    /// Whether the server closes each connection after its answer must not matter.
    @Test(arguments: [true, false]) func fetchesOverHTTPWithAndWithoutToken(keepsAlive: Bool) async throws {
        let remote = try TestRepository()
        let server = try HTTPGitServer(root: remote.folder.path, keepsAlive: keepsAlive)
        let head = try remote.push(["a.yaml": "1"])
        #expect(
            try await Follower(server.address + "/git/config.git").fetch(branch: "main") == head)

        let secret = GitSecret(HTTPGitServer.token)
        let url = server.address + "/private/config.git"
        let follower = try Follower(url, credentials: .token(username: "anna", secret))
        #expect(try await follower.repository.fetch(branch: "main") == head)
        let second = try remote.push(["a.yaml": "2"])
        #expect(try await follower.repository.fetch(branch: "main") == second)

        let folder = try TemporaryFolder()
        let file = try folder.write("token", HTTPGitServer.token + "\n")
        let byFile = try Follower(url, credentials: .tokenFile(username: "anna", path: file))
        #expect(try await byFile.repository.fetch(branch: "main") == second)
    }

    @Test func refusedCredentialsAndMissingRepositories() async throws {
        let remote = try TestRepository()
        let server = try HTTPGitServer(root: remote.folder.path)
        try remote.push(["a.yaml": "1"])
        let url = server.address + "/private/config.git"
        var error = try await #require(fetchError(try Follower(url)))
        #expect(error.code == .unauthorized)
        let wrong = GitCredentials.token(username: "anna", GitSecret("wr0ng-sentinel"))
        error = try await #require(fetchError(try Follower(url, credentials: wrong)))
        #expect(error.code == .unauthorized && !error.message.contains("wr0ng-sentinel"))
        error = try await #require(fetchError(try Follower(server.address + "/git/none.git")))
        #expect(error.code == .notFound)
        error = try await #require(fetchError(try Follower("http://127.0.0.1:1/x.git")))
        #expect(error.code == .unreachable)
    }

    @Test func certificatesAreChecked() async throws {
        let remote = try TestRepository()
        let server = try HTTPGitServer(root: remote.folder.path)
        let head = try remote.push(["a.yaml": "1"])
        let url = server.secureAddress + "/git/config.git"
        var error = try await #require(fetchError(try Follower(url)))
        #expect(error.code == .certificate)
        let trusting = try Follower(url, authority: server.authority)
        #expect(try await trusting.repository.fetch(branch: "main") == head)
        // The right certificate under another name.
        let other = "https://127.0.0.1:\(server.securePort)/git/config.git"
        error = try await #require(fetchError(try Follower(other, authority: server.authority)))
        #expect(error.code == .certificate)
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func redirectDoesNotCarryCredentialsAway(host: String) async throws {
        let challenge =
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n"
        let peer = try RecordingPeer(answer: challenge)
        let remote = try TestRepository()
        try remote.push(["a.yaml": "1"])
        let server = try HTTPGitServer(
            root: remote.folder.path, redirectTarget: "http://\(host):\(peer.port)")
        for path in ["/moved/config.git", "/private-moved/config.git"] {
            let credentials = GitCredentials.token(username: "anna", GitSecret(HTTPGitServer.token))
            let follower = try Follower(server.address + path, credentials: credentials)
            let error = try await #require(fetchError(follower))
            #expect(error.code == .refused && error.message.contains("redirects"), "\(path)")
        }
        #expect(!peer.text.lowercased().contains("authorization"))
    }

    @Test func silentPeerIsATimeout() async throws {
        let peer = try RecordingPeer(answer: nil)
        let limits = GitLimits(fetchTimeout: .milliseconds(300))
        for url in ["http://127.0.0.1:\(peer.port)/x.git", "ssh://git@127.0.0.1:\(peer.port)/x.git"] {
            let error = try await #require(fetchError(try Follower(url, limits: limits)))
            #expect(error.code == .timeout, "\(url)")
        }
    }

    @Test func cancellationEndsTheFetch() async throws {
        let peer = try RecordingPeer(answer: nil)
        let follower = try Follower(
            "http://127.0.0.1:\(peer.port)/x.git", limits: GitLimits(fetchTimeout: .seconds(600)))
        let task = Task { await fetchError(follower) }
        task.cancel()
        #expect(await task.value?.code == .internal)
    }

    // MARK: - SSH

    @Test(.enabled(if: geteuid() == 0, "sshd takes sign-ins of other users than its own only as root"))
    func hostKeysAreChecked() async throws {
        let remote = try TestRepository()
        let head = try remote.push(["a.yaml": "1"])
        let server = try SSHServer()
        let url = server.url(remote.path)
        let empty = try server.knownHosts("")
        let credentials = GitCredentials.sshKey(path: server.key, knownHosts: empty, user: "root")
        let error = try await #require(fetchError(try Follower(url, credentials: credentials)))
        #expect(error.code == .hostKeyUnknown)

        // The line that the message offers is the right one, plain and hashed.
        let line = try #require(error.message.components(separatedBy: "add this line: ").last)
        #expect(line.hasPrefix("[127.0.0.1]:\(server.port) ssh-ed25519 "))
        let known = try server.knownHosts(line + "\n")
        #expect(try await Follower(url, credentials: credentials).fetch(branch: "main") == head)
        try server.hash(known)
        let text = String(decoding: try Data(contentsOf: URL(filePath: known)), as: UTF8.self)
        #expect(text.hasPrefix("|1|"))
        #expect(try await Follower(url, credentials: credentials).fetch(branch: "main") == head)

        // Another key under the host's name: somebody in between.
        let other = String(
            decoding: try Data(contentsOf: URL(filePath: server.otherKey + ".pub")), as: UTF8.self)
        _ = try server.knownHosts("[127.0.0.1]:\(server.port) \(other)")
        let swapped = try await #require(fetchError(try Follower(url, credentials: credentials)))
        #expect(swapped.code == .hostKeyUnknown)
    }

    @Test(.enabled(if: geteuid() == 0, "sshd takes sign-ins of other users than its own only as root"))
    func keysThatTheServerRefuses() async throws {
        let remote = try TestRepository()
        try remote.push(["a.yaml": "1"])
        let server = try SSHServer()
        let first = GitCredentials.sshKey(
            path: server.key, knownHosts: try server.knownHosts(""), user: "root")
        let unknown = try await #require(
            fetchError(try Follower(server.url(remote.path), credentials: first)))
        let line = try #require(unknown.message.components(separatedBy: "add this line: ").last)
        let known = try server.knownHosts(line + "\n")

        let wrong = GitCredentials.sshKey(path: server.otherKey, knownHosts: known, user: "root")
        var error = try await #require(fetchError(try Follower(server.url(remote.path), credentials: wrong)))
        #expect(error.code == .unauthorized)
        error = try await #require(
            fetchError(try Follower(server.url("/nonexistent.git"), credentials: first)))
        #expect(error.code == .notFound)
        let missing = GitCredentials.sshKey(path: server.key, knownHosts: known + "-none", user: "root")
        error = try await #require(fetchError(try Follower(server.url(remote.path), credentials: missing)))
        #expect(error.code == .invalidConfiguration)
    }
}
