import Execution
import FoundationEssentials
import Glibc
import Model
import Notices
import Ports
import TestServers
import Testing

func sample(
    _ kind: Notice.Kind = .failed, message: String = "v5 failed: web exited 3 — <!channel> & more"
) throws -> Notice {
    Notice(
        id: "main-1764000000-7", installation: try #require(InstallationName("main")), kind: kind,
        app: AppName("shop"), object: "shop", release: ReleaseNumber(5),
        commit: CommitID(String(repeating: "4f", count: 20)), message: message,
        at: WallTime(secondsSince1970: 1_764_000_000))
}

func rule(_ allowed: String...) throws -> AddressRule { try #require(AddressRule(allowed: allowed)) }

func channel(
    _ url: String, _ form: HTTPNoticeChannel.Form = .webhook(secret: nil),
    allowed: [String] = ["127.0.0.0/8"],
    timeoutInMilliseconds: Int = 5_000
) throws -> HTTPNoticeChannel {
    HTTPNoticeChannel(
        name: try #require(SourceName("ops")), kinds: Set(Notice.Kind.allCases), url: url, form: form,
        rule: try #require(AddressRule(allowed: allowed)), timeoutInMilliseconds: timeoutInMilliseconds,
        transport: NoticeTransport(threads: 1))
}

func failure(_ channel: any NoticeChannel, _ notice: Notice) async -> NoticeError? {
    do throws(NoticeError) {
        try await channel.send(notice)
        return nil
    } catch {
        return error
    }
}

/// A mail server of Debian's aiosmtpd, which writes each mail into a file of `directory`.
struct MailServer {
    var port: Int
    var directory: String

    var mails: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { $0.hasPrefix("mail-") }.sorted().compactMap {
            FileManager.default.contents(atPath: directory + "/" + $0).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }

    /// - Parameter refusal: what it answers to every recipient; empty: it takes all.
    static func with(
        refusal: String = "", user: String = "", password: String = "", hasTLS: Bool = false,
        _ body: (MailServer) async throws -> Void
    ) async throws {
        var template = Array("/tmp/slipway-mail-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // A directory that stays behind in /tmp fails no test.
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data(script.utf8).write(to: URL(filePath: directory + "/server.py"))
        if hasTLS { try makeCertificate(in: directory) }
        var port = 0
        try await withProgram(
            [
                "/usr/bin/python3", directory + "/server.py", directory, refusal, user, password,
                hasTLS ? directory + "/server.pem" : ""
            ],
            whenReady: {
                let deadline = ContinuousClock.now + .seconds(20)
                while port == 0 {
                    let text = FileManager.default.contents(atPath: directory + "/port") ?? Data()
                    port = Int(String(decoding: text, as: UTF8.self)) ?? 0
                    try #require(
                        ContinuousClock.now < deadline,
                        "the mail server did not start; is python3-aiosmtpd there?")
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
        ) { try await body(MailServer(port: port, directory: directory)) }
    }

    /// A key and a certificate for `localhost` that signs itself, in one file.
    private static func makeCertificate(in directory: String) throws {
        let file = directory + "/server.pem"
        let output = try Subprocess.run(
            [
                "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                file + ".key",
                "-out", file + ".cert"
            ], environment: ["PATH": "/usr/bin:/bin"], timeout: .seconds(30))
        try #require(output.exitCode == 0, "\(String(decoding: output.standardError, as: UTF8.self))")
        let parts = [".key", ".cert"].compactMap { FileManager.default.contents(atPath: file + $0) }
        try Data(parts.joined()).write(to: URL(filePath: file))
    }

    private static let script = """
        import os, sys
        from aiosmtpd.smtp import SMTP, AuthResult
        directory, refusal, user, password, pem = sys.argv[1:6]
        class Handler:
            count = 0
            async def handle_RCPT(self, server, session, envelope, address, options):
                if refusal: return refusal
                envelope.rcpt_tos.append(address)
                return '250 OK'
            async def handle_DATA(self, server, session, envelope):
                self.count += 1
                head = 'X-From: %s\\nX-To: %s\\n' % (envelope.mail_from, ','.join(envelope.rcpt_tos))
                path = '%s/mail-%d' % (directory, self.count)
                with open(path + '.new', 'wb') as file: file.write(head.encode() + envelope.content)
                os.rename(path + '.new', path.replace('.new', ''))
                return '250 taken'
        def check(server, session, envelope, mechanism, data):
            good = data.login == user.encode() and data.password == password.encode()
            return AuthResult(success=good, handled=False)
        more = dict(authenticator=check, auth_required=True, auth_require_tls=False) if user else {}
        if pem:
            import ssl
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(pem)
            more.update(tls_context=context, require_starttls=True)
        handler = Handler()
        import asyncio
        async def main():
            server = await asyncio.get_running_loop().create_server(lambda: SMTP(handler, **more), '127.0.0.1', 0)
            with open(directory + '/port.new', 'w') as file: file.write(str(server.sockets[0].getsockname()[1]))
            os.rename(directory + '/port.new', directory + '/port')
            await server.serve_forever()
        asyncio.run(main())
        """
}
