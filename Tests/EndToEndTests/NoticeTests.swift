import FoundationEssentials
import Model
import Synchronization
import TestServers
import Testing

/// What people are told, by a real controller over a real connection.
@Suite struct NoticeTests {
    private struct Told: Decodable, Equatable {
        var kind: String
        var app: String?
        var release: Int?
        var message: String
    }

    private func told(_ server: RawServer) throws -> [Told] {
        try server.requests.withLock { $0 }.map { request in
            let body = String(request[try #require(request.firstRange(of: "\r\n\r\n")).upperBound...])
            return try JSONDecoder().decode(Told.self, from: Data(body.utf8))
        }
    }

    private func channel(_ name: String, _ port: Int) -> String {
        "    - {name: \(name), kind: webhook, url: \"http://localhost:\(port)/\""
    }

    @Test func aBadReleaseIsToldOnceItsRollbackOnceAndTheRecovery() async throws {
        let server = try RawServer { connection in
            while connection.request() != nil { connection.answer("", status: "204 No Content") }
        }
        // Takes the connection and says nothing: it holds up neither the deploys nor the other channel.
        let silent = try RawServer { $0.waitForClose() }
        var options = World.Options()
        options.source = ["project: retail"]
        options.configuration = [
            "notices:", "  channels:",
            channel("silent", silent.port) + ", allow: [\"127.0.0.1\"]}",
            channel("ops", server.port) + ", allow: [\"127.0.0.1\"]}",
            channel("forbidden", server.port) + "}"
        ]
        try await World.with(options) { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let bad = SpecText(image: "app:answers-500", replicas: 2).yaml(world)
            try await world.repository.commit(["shop.yaml": bad])
            _ = try await world.rolledBack("shop")
            try await eventually("two notices") {
                let kinds = try told(server).map(\.kind)
                return kinds.count >= 2 ? .yes(()) : .notYet("\(kinds)")
            }
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2", replicas: 2).yaml(world)]
            )
            try await world.converged("shop", on: 3)
            try await eventually("the notice of the recovery") {
                let kinds = try told(server).map(\.kind)
                return kinds.contains("recovered") ? .yes(()) : .notYet("\(kinds)")
            }
            try await always("nothing is told twice", for: .seconds(3)) {
                let told = try told(server)
                return told.map(\.kind) == ["failed", "rolled_back", "recovered"] ? nil : "\(told)"
            }
            let all = try told(server)
            #expect(all.allSatisfy { $0.app == "shop" })
            #expect(all.map(\.release) == [2, 2, 3])
            #expect(all[0].message.contains("500"))

            let test = try await world.slipway("notices", "test", "ops")
            #expect(test.exitCode == 0 && test.text == "✔ ops: taken\n", "\(test)")
            #expect(try told(server).last?.kind == "test")
            let refused = try await world.slipway("notices", "test", "forbidden")
            #expect(refused.exitCode == 2 && refused.text.contains("may not go to"), "\(refused)")
            let status = try await world.status()
            #expect(status.notices?.map(\.to).contains("silent") == true)
        }
    }

    @Test func aConfigurationThatCannotWorkIsRefusedWithItsPlace() async throws {
        var options = World.Options()
        options.source = ["project: retail"]
        options.configuration = [
            "notices:", "  channels:", "    - {name: ops, kind: carrier-pigeon}",
            "    - {name: mail, kind: email, server: \"smtp://mail:25\", from: nobody, to: [a@b.c], topic: x}",
            "    - {name: hook, kind: webhook, url: \"ftp://x\", allow: [here], events: [faild]}"
        ]
        try await World.with(options) { world in
            let daemon = try await world.start(waiting: false)
            #expect(try await daemon.waitForEnd() == 64)
            for words in [
                "sources.yaml:3:25: error: `notices.channels[0].kind` must be `webhook`, `slack`, `ntfy` or `email`",
                "`notices.channels[1].from` must be a mailbox",
                "`notices.channels[1].topic` means nothing for",
                "`notices.channels[2].url` must begin with", "`notices.channels[2].allow` must be addresses",
                "`notices.channels[2].events` holds `faild`"
            ] { #expect(daemon.log.contains(words), "\(words): \(daemon.log)") }
        }
    }
}
