import Access
@testable import ControlAPI
import FoundationEssentials
import HTTPServer
import Model
import Ports
import StateStore
import Testing

/// Who may ask what: each role, in the project of the app, in another one, and in all, at each route.
@Suite struct AccessTableTests {
    enum Place: String, CaseIterable, Sendable { case own, other, all }

    /// Written out by hand, so that a rule that is loosened is seen here.
    private struct Cell {
        var operation: ControlAPI.Route.Operation
        var least: Role
        var kind: Kind
        init(_ operation: ControlAPI.Route.Operation, _ least: Role, _ kind: Kind) {
            self.operation = operation
            self.least = least
            self.kind = kind
        }
    }

    private static let table: [Cell] = [
        Cell(.status, .viewer, .list), Cell(.watch, .viewer, .list),
        Cell(.history, .viewer, .list), Cell(.events, .viewer, .list),
        Cell(.appStatus, .viewer, .app), Cell(.appHistory, .viewer, .app),
        Cell(.diff, .viewer, .app), Cell(.trace, .viewer, .thing),
        Cell(.plan, .viewer, .source), Cell(.planFiles, .viewer, .source),
        Cell(.cronHistory, .viewer, .app),
        Cell(.cronRun, .operator, .app),
        Cell(.logs, .developer, .app), Cell(.retry, .developer, .app),
        Cell(.sync, .developer, .thing), Cell(.rollback, .operator, .app),
        Cell(.abort, .operator, .app), Cell(.promote, .operator, .app),
        Cell(.pause, .operator, .app), Cell(.resume, .operator, .app),
        Cell(.execute, .operator, .app), Cell(.run, .operator, .app), Cell(.runs, .viewer, .app),
        Cell(.approve, .operator, .thing), Cell(.metrics, .viewer, .installation),
        Cell(.testNotices, .operator, .installation),
        Cell(.whoami, .viewer, .list), Cell(.tokens, .admin, .list),
        Cell(.audit, .admin, .list), Cell(.createToken, .admin, .grant),
        Cell(.revokeToken, .admin, .thing)
    ]

    /// What becomes of a request about something of another project.
    enum Kind: Sendable {
        /// Its answer has what the caller may see.
        case list
        /// It says that there is no such thing, whatever the role.
        case app
        /// The same, for whoever has the role somewhere.
        case thing
        /// There is no source to plan.
        case source
        /// A token for another project cannot be given.
        case grant
        /// All projects or nothing.
        case installation
    }

    private static func expected(_ role: Role, _ place: Place, _ least: Role, _ kind: Kind) -> Int {
        if kind == .app, place == .other { return 404 }
        if kind == .installation { return place == .all && role >= least ? 200 : 403 }
        guard role >= least else { return 403 }
        guard place == .other else { return 200 }
        return switch kind {
        case .list: 200
        case .source, .grant: 400
        case .app, .thing, .installation: 404
        }
    }

    private static let open: Set<ControlAPI.Route.Operation> = [.health, .readiness]

    @Test func theTableIsWhole() {
        #expect(Set(Self.table.map(\.operation)).union(Self.open) == Set(ControlAPI.Route.Operation.allCases))
        #expect(Set(ControlAPI.Route.all.filter { !$0.needsToken }.map(\.operation)) == Self.open)
    }

    private struct World {
        var surface: ScriptedSurface
        var router: ControlRouter
        var access: AccessControl
        var retail: ProjectName
        var press: ProjectName
        let boss = Caller(name: "boss", way: .socket, grants: [Grant(.admin)])

        func token(_ grants: [Grant]) async throws -> String {
            let name = "t\(access.tokens(for: boss).count)"
            return try await access.create(.init(name: name, grants: grants), by: boss).token
        }

        func ask(
            _ operation: ControlAPI.Route.Operation, _ token: String, parameters: [String: String] = [:],
            body: String? = nil,
            query: [String: String] = [:]
        ) async throws -> (status: Int, body: [UInt8]) {
            let route = try #require(ControlAPI.Route.all.first { $0.operation == operation })
            let values = ["app": "shop", "entry": "nightly", "container": "shop-web-v42-1", "token": "victim"]
                .merging(parameters) { $1 }
            let segments = route.pattern.split(separator: "/").map { part in
                part.hasPrefix("{") ? values[String(part.dropFirst().dropLast())] ?? "" : String(part)
            }
            let bodies: [ControlAPI.Route.Operation: String] = [
                .planFiles: #"{"files":[]}"#, .approve: #"{"what":"shop"}"#,
                .createToken: #"{"name":"x","grants":[{"role":"viewer","project":"retail"}]}"#
            ]
            var headers = ["authorization": "Bearer \(token)"]
            if operation == .execute || operation == .run {
                headers["upgrade"] = SessionOrder.protocolName
                headers[SessionOrder.header.lowercased()] = try SessionOrder(
                    command: ["/usr/bin/psql", "--password=hunter2"]).headerValue()
            }
            let text = route.method == "POST" ? body ?? bodies[operation] ?? "" : ""
            let response = await router.handle(
                HTTPServerRequest(
                    method: route.method, path: "/" + segments.joined(separator: "/"), segments: segments,
                    query: query, headers: headers, body: Array(text.utf8),
                    listener: .tcp, remote: "192.0.2.1:9"))
            // A session is opened with another status than other things are done with.
            if case .upgrade = response.body { return (response.status == 101 ? 200 : response.status, []) }
            guard case .bytes(let bytes) = response.body else { return (response.status, []) }
            return (response.status, bytes)
        }

        func records() async throws -> [AuditRecord] {
            try await access.audit.records(.init()).reversed()
        }
    }

    private func withWorld(_ body: (World) async throws -> Void) async throws {
        let directory = try Running.temporaryDirectory() + "/state"
        defer { Running.remove(directory) }
        let store = try await SQLiteStore(directory: directory)
        let access = try await AccessControl(store: store, now: { 1_795_236_000 })
        let surface = ScriptedSurface(try Samples.script())
        let world = World(
            surface: surface, router: ControlRouter(surface: surface, access: access), access: access,
            retail: try #require(ProjectName("retail")), press: try #require(ProjectName("press")))
        do {
            try await body(world)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    @Test(arguments: Role.allCases, Place.allCases)
    func eachCell(_ role: Role, _ place: Place) async throws {
        try await withWorld { world in
            let project = place == .own ? world.retail : place == .other ? world.press : nil
            let token = try await world.token([Grant(role, in: project)])
            for cell in Self.table {
                let operation = cell.operation
                if operation == .revokeToken {
                    _ = try await world.access.create(
                        .init(name: "victim", grants: [Grant(.viewer, in: world.retail)]), by: world.boss)
                }
                let expected = Self.expected(role, place, cell.least, cell.kind)
                let before = world.surface.asked
                let answer = try await world.ask(operation, token)
                #expect(
                    answer.status == expected, "\(operation) \(String(decoding: answer.body, as: UTF8.self))")
                // Nothing that changes anything has reached the controller.
                guard expected != 200 else { continue }
                let asked = world.surface.asked.dropFirst(before.count).filter { !$0.hasPrefix("status ") }
                #expect(asked.isEmpty, "\(operation)")
            }
        }
    }

    /// A request about something of another project, and the same about nothing.
    private struct Pair {
        var operation: ControlAPI.Route.Operation
        var theirs: [String: String] = [:]
        var none: [String: String] = [:]
        var theirBody: String?
        var noBody: String?
        init(_ operation: ControlAPI.Route.Operation, _ key: String, _ theirs: String, _ none: String) {
            self.operation = operation
            self.theirs = [key: theirs]
            self.none = [key: none]
        }
        init(_ operation: ControlAPI.Route.Operation, body theirs: String, _ none: String) {
            self.operation = operation
            theirBody = theirs
            noBody = none
        }
    }

    /// What there is not and what is another project's cannot be told apart.
    @Test func anotherProjectsThingsDoNotExist() async throws {
        try await withWorld { world in
            let token = try await world.token([Grant(.admin, in: world.press)])
            let table = [
                Pair(.appStatus, "app", "shop", "nope"), Pair(.logs, "app", "shop", "nope"),
                Pair(.rollback, "app", "shop", "nope"), Pair(.execute, "app", "shop", "nope"),
                Pair(.run, "app", "shop", "nope"), Pair(.runs, "app", "shop", "nope"),
                Pair(.trace, "container", "shop-web-v42-1", "nope-web-v42-1"),
                Pair(.trace, "container", "0123456789", "fffffffff0"),
                Pair(.revokeToken, "token", "theirs", "nope"),
                Pair(.approve, body: #"{"what":"shop"}"#, #"{"what":"nope"}"#),
                Pair(.approve, body: #"{"what":"4444444"}"#, #"{"what":"5555555"}"#),
                Pair(.sync, body: #"{"source":"main"}"#, #"{"source":"nope"}"#),
                Pair(.planFiles, body: #"{"files":[],"source":"main"}"#, #"{"files":[],"source":"nope"}"#)
            ]
            _ = try await world.access.create(
                .init(name: "theirs", grants: [Grant(.viewer, in: world.retail)]), by: world.boss)
            for pair in table {
                let operation = pair.operation
                let one = try await world.ask(operation, token, parameters: pair.theirs, body: pair.theirBody)
                let other = try await world.ask(operation, token, parameters: pair.none, body: pair.noBody)
                #expect(one.status == 404 && other.status == 404, "\(operation)")
                func blank(_ bytes: [UInt8]) -> String {
                    let names = [
                        "shop", "nope", "theirs", "4444444", "5555555", "0123456789", "fffffffff0", "main"
                    ]
                    return names.reduce(String(decoding: bytes, as: UTF8.self)) {
                        $0.split(separator: $1, omittingEmptySubsequences: false).joined(separator: "X")
                    }
                }
                #expect(blank(one.body) == blank(other.body), "\(operation)")
            }
        }
    }

    @Test func answersAreNarrowed() async throws {
        try await withWorld { world in
            let mine = try await world.token([Grant(.viewer, in: world.retail)])
            let theirs = try await world.token([Grant(.viewer, in: world.press)])
            func status(_ token: String) async throws -> InstallationStatus {
                try WireCoding.decode(InstallationStatus.self, from: try await world.ask(.status, token).body)
            }
            let full = try await status(mine)
            #expect(full.apps.map(\.name.rawValue) == ["shop"] && full.sources.count == 1)
            let none = try await status(theirs)
            #expect(none.apps.isEmpty && none.sources.isEmpty && none.verdict == .converged)
            #expect(none.edge?.certificates == [] && none.because.isEmpty)
            for operation in [ControlAPI.Route.Operation.history, .events] {
                #expect(try await world.ask(operation, theirs).body == Array("[]".utf8))
                #expect(try await world.ask(operation, mine).body.count > 2)
            }
            let bytes = try await world.ask(.status, theirs).body
            #expect(!String(decoding: bytes, as: UTF8.self).contains("shop"))
        }
    }

    /// A commit that reaches another project as well is not one project's to approve.
    @Test func aCommitOfTwoProjects() async throws {
        try await withWorld { world in
            let own = try await world.token([Grant(.operator, in: world.retail)])
            let both = try await world.token([
                Grant(.operator, in: world.retail), Grant(.viewer, in: world.press)
            ])
            let body = #"{"what":"4444444"}"#
            #expect(try await world.ask(.approve, own, body: body).status == 200)
            var other = try Samples.app()
            other.name = try #require(AppName("site"))
            other.project = world.press
            world.surface.change { [other] in $0.status.apps.append(other) }
            #expect(try await world.ask(.approve, own, body: body).status == 404)
            #expect(try await world.ask(.approve, both, body: body).status == 403)
        }
    }

    @Test func whatWasDoneAndTriedIsWrittenDown() async throws {
        try await withWorld { world in
            let operatorToken = try await world.token([Grant(.operator, in: world.retail)])
            let viewer = try await world.token([Grant(.viewer, in: world.retail)])
            let stranger = try await world.token([Grant(.admin, in: world.press)])
            _ = try await world.ask(.rollback, operatorToken)
            _ = try await world.ask(.status, operatorToken)
            _ = try await world.ask(.rollback, viewer)
            _ = try await world.ask(.logs, stranger)
            _ = try await world.ask(.appStatus, stranger, parameters: ["app": "nope"])
            _ = try await world.ask(.execute, operatorToken)
            _ = try await world.ask(.execute, try await world.token([Grant(.viewer, in: world.retail)]))
            _ = try await world.ask(.rollback, "slipway_000000000000_" + viewer.suffix(43))
            world.surface.change { $0.error = ControlError(.conflict, "no") }
            let denied = try await world.records()
            let seen = denied.map {
                "\($0.action) \($0.result.rawValue) \($0.project?.rawValue ?? "-") \($0.reason ?? "")"
            }
            #expect(
                seen == [
                    "rollback done retail ", "rollback denied retail the role does not allow it",
                    "logs denied retail it is another project's", "execute done retail ",
                    "execute denied retail the role does not allow it", "rollback denied - token wrong"
                ])
            // Which program where, and never its arguments.
            #expect(denied.compactMap(\.object) == ["shop-web-v42-1: psql", "psql"])
            #expect(denied[0].actor.hasPrefix("token t0 (") && denied[0].address == "192.0.2.1")
            #expect(denied.allSatisfy { $0.app?.rawValue == "shop" || $0.actor == "nobody" })
            let text = String(decoding: try WireCoding.encode(denied), as: UTF8.self)
            #expect(!text.contains("hunter2"))
            for token in [operatorToken, viewer, stranger] { #expect(!text.contains(token.suffix(43))) }
            // Whoever administers one project reads what was about it, and about no other.
            let mine = try await world.token([Grant(.admin, in: world.retail)])
            func read(_ token: String, _ query: [String: String] = [:]) async throws -> [AuditRecord] {
                try WireCoding.decode(
                    [AuditRecord].self, from: try await world.ask(.audit, token, query: query).body)
            }
            #expect(try await read(mine).count == 5)
            #expect(try await read(stranger).isEmpty)
            #expect(try await read(stranger, ["project": "retail"]).isEmpty)
            #expect(try await read(mine, ["project": "retail", "actor": "t1"]).count == 1)
            #expect(try await read(mine, ["app": "other"]).isEmpty)
        }
    }

    /// A token that is taken away ends what it has opened.
    @Test func aStreamEndsWithItsToken() async throws {
        try await withWorld { world in
            let token = try await world.token([Grant(.viewer, in: world.retail)])
            let response = await world.router.handle(
                HTTPServerRequest(
                    method: "GET", path: "/v1/watch", segments: ["v1", "watch"],
                    headers: ["authorization": "Bearer \(token)"], listener: .tcp, remote: "192.0.2.1:9"))
            guard case .stream(let stream) = response.body else {
                Issue.record("not a stream")
                return
            }
            var chunks = 0
            for await _ in stream {
                chunks += 1
                if chunks == 1 {
                    _ = try await world.access.revoke("t0", by: world.boss)
                    world.surface.change { _ in }
                }
            }
            #expect(chunks == 1)
        }
    }
}
