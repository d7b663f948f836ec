internal import Execution
internal import FoundationEssentials
internal import Glibc
internal import Synchronization
internal import TestServers

/// A real server of Debian's, run for one test.
final class ServerProcess: Sendable {
    private final class State: Sendable {
        let isStopped = Atomic<Bool>(false)
        /// What the server said last, once it has ended.
        let ended = Mutex<String?>(nil)
    }
    private let state = State()

    /// Starts the server and waits until `port` accepts connections.
    init(_ arguments: [String], port: Int) throws {
        Thread.start(name: "server") { [state] in
            // `timeout` ends it even if the tests are killed.
            let all = ["/usr/bin/timeout", "-k", "1", "120"] + arguments
            let text: String
            do throws(Subprocess.Failure) {
                let output = try Subprocess.run(
                    all, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], timeout: .seconds(120),
                    isCancelled: { state.isStopped.load(ordering: .relaxed) })
                text = String(decoding: output.standardError.suffix(2_000), as: UTF8.self)
            } catch {
                text = error.message
            }
            state.ended.withLock { $0 = text }
        }
        let isOpen = Self.wait { Sockets.isOpen(port) || state.ended.withLock { $0 } != nil }
        if let text = state.ended.withLock({ $0 }) { throw FixtureError("\(arguments[0]) ended: \(text)") }
        guard isOpen else { throw FixtureError("\(arguments[0]) does not listen") }
    }

    deinit {
        state.isStopped.store(true, ordering: .relaxed)
        _ = Self.wait { state.ended.withLock { $0 } != nil }
    }

    private static func wait(until condition: () -> Bool) -> Bool {
        let deadline = ContinuousClock.now + .seconds(20)
        while !condition() {
            guard ContinuousClock.now < deadline else { return false }
            _ = poll(nil, 0, 10)
        }
        return true
    }
}

/// git's own HTTP server program behind lighttpd: `/git/` for all, `/private/` for `anna` with the token,
/// `/moved/` and `/private-moved/` redirect.
final class HTTPGitServer: Sendable {
    static let token = "s3ntinel-t0ken"
    let port: Int
    let securePort: Int
    let authority: String
    private let folder: TemporaryFolder
    private let process: ServerProcess

    /// - Parameter root: the folder that holds the repositories.
    init(root: String, redirectTarget: String = "http://127.0.0.1:1", keepsAlive: Bool = true) throws {
        folder = try TemporaryFolder()
        port = try closedPort()
        securePort = try closedPort()
        authority = folder.path + "/certificate.pem"
        let made = try Subprocess.run(
            [
                "/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                folder.path + "/key.pem",
                "-out", authority
            ], environment: ["PATH": "/usr/bin", "HOME": folder.path], timeout: .seconds(60))
        guard made.exitCode == 0 else { throw FixtureError("openssl: \(made.exitCode)") }
        let users = try folder.write("users", "anna:\(Self.token)\n")
        let configuration = try folder.write(
            "lighttpd.conf",
            """
            server.modules = (
                "mod_redirect", "mod_alias", "mod_auth", "mod_authn_file", "mod_setenv", "mod_cgi",
                "mod_openssl")
            server.document-root = "\(root)"
            server.bind = "127.0.0.1"
            server.port = \(port)
            server.max-keep-alive-requests = \(keepsAlive ? 100 : 0)
            server.errorlog = "\(folder.path)/error.log"
            server.upload-dirs = ("\(folder.path)")
            alias.url = (
                "/git/" => "/usr/lib/git-core/git-http-backend/",
                "/private/" => "/usr/lib/git-core/git-http-backend/")
            auth.backend = "plain"
            auth.backend.plain.userfile = "\(users)"
            $HTTP["url"] =~ "^/private" {
                auth.require = ("" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))
            }
            $HTTP["url"] =~ "^/(git|private)/" {
                cgi.assign = ("" => "")
                setenv.set-environment = ("GIT_PROJECT_ROOT" => "\(root)", "GIT_HTTP_EXPORT_ALL" => "1")
            }
            $HTTP["url"] =~ "^/(moved|private-moved)/" {
                url.redirect = ("^/[a-z-]+/(.*)" => "\(redirectTarget)/git/$1")
            }
            $SERVER["socket"] == "127.0.0.1:\(securePort)" {
                ssl.engine = "enable"
                ssl.pemfile = "\(authority)"
                ssl.privkey = "\(folder.path)/key.pem"
            }

            """)
        process = try ServerProcess(["/usr/sbin/lighttpd", "-D", "-f", configuration], port: port)
    }

    var address: String { "http://127.0.0.1:\(port)" }
    var secureAddress: String { "https://localhost:\(securePort)" }
}

/// Debian's SSH server with a configuration, keys and a port of its own.
final class SSHServer: Sendable {
    let port: Int
    let key: String
    let otherKey: String
    private let folder: TemporaryFolder
    private let process: ServerProcess

    init() throws {
        folder = try TemporaryFolder()
        port = try closedPort()
        key = folder.path + "/user"
        otherKey = folder.path + "/other"
        for name in ["host", "user", "other"] {
            try Self.makeKey(folder.path + "/" + name)
        }
        // Where sshd puts its unprivileged half; the package leaves it to the service manager to make.
        _ = unsafe mkdir("/run/sshd", 0o755)
        let configuration = try folder.write(
            "sshd_config",
            """
            ListenAddress 127.0.0.1
            Port \(port)
            HostKey \(folder.path)/host
            AuthorizedKeysFile \(folder.path)/user.pub
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            PermitRootLogin prohibit-password
            PidFile none

            """)
        process = try ServerProcess(["/usr/sbin/sshd", "-D", "-e", "-f", configuration], port: port)
    }

    func url(_ path: String) -> String { "ssh://root@127.0.0.1:\(port)\(path)" }

    func knownHosts(_ content: String) throws -> String { try folder.write("known_hosts", content) }

    /// Replaces the names in a known_hosts file by their hashes.
    func hash(_ knownHosts: String) throws {
        _ = try Subprocess.run(
            ["/usr/bin/ssh-keygen", "-q", "-H", "-f", knownHosts], environment: ["PATH": "/usr/bin"],
            timeout: .seconds(30))
    }

    private static func makeKey(_ path: String) throws {
        let made = try Subprocess.run(
            ["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path],
            environment: ["PATH": "/usr/bin"],
            timeout: .seconds(30))
        guard made.exitCode == 0 else { throw FixtureError("ssh-keygen: \(made.exitCode)") }
    }
}
