import FoundationEssentials
import Model
@testable import Notices
import Ports
import TestServers
import Testing

@Suite struct EmailTests {
    private func email(
        _ url: String, user: String? = nil, password: String? = nil, tls: Bool = false,
        trusting file: String? = nil,
        allowed: [String] = ["127.0.0.1"]
    ) throws -> EmailChannel {
        EmailChannel(
            name: try #require(SourceName("mail")), kinds: Set(Notice.Kind.allCases),
            server: .init(
                url: url, user: user, password: password, requiresTLS: tls, certificateAuthorityFile: file),
            from: "slipway@example.com",
            to: ["ops@example.com", "boss@example.com"], rule: try #require(AddressRule(allowed: allowed)),
            transport: NoticeTransport(threads: 1))
    }

    @Test func aMailArrives() async throws {
        try await MailServer.with { server in
            let notice = try sample(message: "v5 failed: größer\n.\nRCPT TO:<all@example.com>")
            try await email("smtp://127.0.0.1:\(server.port)").send(notice)
            let mail = try #require(server.mails.first)
            #expect(mail.hasPrefix("X-From: slipway@example.com\nX-To: ops@example.com,boss@example.com\n"))
            #expect(mail.contains("Date: Mon, 24 Nov 2025 16:00:00 +0000"))
            #expect(mail.contains("Message-ID: <main-1764000000-7.mail@example.com>"))
            let parts = mail.split(separator: "\r\n\r\n", maxSplits: 1)
            let text = try #require(
                Data(base64Encoded: parts[1].filter { !$0.isNewline }).map {
                    String(decoding: $0, as: UTF8.self)
                })
            #expect(text.hasPrefix("v5 failed: größer\n.\nRCPT TO:<all@example.com>\r\n"))
            #expect(text.contains("slipway why shop"))
        }
    }

    @Test func noTextOfANoticeMakesAHeader() throws {
        var notice = try sample()
        notice.object = "shop\r\nBcc: all@example.com\r\n\r\nhello"
        notice.id = "a\r\nBcc: x"
        let text = String(decoding: try email("smtp://127.0.0.1:1").message(notice), as: UTF8.self)
        #expect(!text.split(separator: "\r\n").contains { $0.hasPrefix("Bcc") })
        #expect(text.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 100 })
    }

    @Test func whoIsRefusedSaysSo() async throws {
        for (refusal, code) in [
            ("550 no such mailbox", NoticeError.Code.rejected), ("450 later", .unavailable)
        ] {
            try await MailServer.with(refusal: refusal) { server in
                let error = await failure(try email("smtp://127.0.0.1:\(server.port)"), try sample())
                #expect(error?.code == code, "\(String(describing: error))")
                #expect(server.mails.isEmpty)
            }
        }
    }

    @Test func theUserIsShownOnlyToTheServer() async throws {
        try await MailServer.with(user: "robot", password: "hunter2") { server in
            let url = "smtp://127.0.0.1:\(server.port)"
            try await email(url, user: "robot", password: "hunter2").send(try sample())
            #expect(server.mails.count == 1)
            let error = await failure(try email(url, user: "robot", password: "wrong-password"), try sample())
            #expect(error?.code == .rejected)
            #expect(error?.message.contains("wrong-password") == false)
        }
    }

    @Test func withTLSTheServerHasToBeTheRightOne() async throws {
        try await MailServer.with(hasTLS: true) { server in
            let url = "smtp://localhost:\(server.port)", pem = server.directory + "/server.pem"
            let allowed = ["127.0.0.1", "::1"]
            try await email(url, tls: true, trusting: pem, allowed: allowed).send(try sample())
            #expect(server.mails.count == 1)
            let unknown = await failure(try email(url, tls: true, allowed: allowed), try sample())
            #expect(unknown?.code == .tls, "\(String(describing: unknown))")
            let other = await failure(
                try email("smtp://127.0.0.1:\(server.port)", tls: true, trusting: pem), try sample())
            #expect(other?.code == .tls, "its certificate is for another name")
            #expect(server.mails.count == 1)
        }
    }

    @Test func withoutTLSNothingIsSentWhereItIsAskedFor() async throws {
        try await MailServer.with { server in
            let error = await failure(try email("smtp://127.0.0.1:\(server.port)", tls: true), try sample())
            #expect(error?.code == .tls, "\(String(describing: error))")
            #expect(server.mails.isEmpty)
        }
        let refused = await failure(try email("smtp://127.0.0.1:25", allowed: []), try sample())
        #expect(refused?.code == .refusedAddress)
    }

    @Test func addressesAreChecked() {
        for good in ["a@b.c", "ops+x@example.com"] { #expect(EmailChannel.isAddress(good)) }
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nRCPT", "<a@b>", "a@b,c@d", "ä@b"] {
            #expect(!EmailChannel.isAddress(bad), "\(bad)")
        }
    }
}
