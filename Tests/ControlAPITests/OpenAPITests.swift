@testable import ControlAPI
import FoundationEssentials
import Model
import Ports
import Testing

/// `docs/openapi.json` and the code say the same, in both directions.
@Suite struct OpenAPITests {
    private struct Document: Decodable {
        struct Operation: Decodable {
            struct Parameter: Decodable {
                var name: String
                var `in`: String
            }
            var operationId: String
            var parameters: [Parameter]?
            var security: [[String: [String]]]?
        }
        struct Components: Decodable { var schemas: [String: Schema] }
        var paths: [String: [String: Operation]]
        var components: Components
    }

    private final class Schema: Decodable, Sendable {
        let properties: [String: Schema]?
        let required: [String]?
        let values: [String]?
        let reference: String?
        let items: Schema?
        enum CodingKeys: String, CodingKey {
            case properties, required, items
            case values = "enum"
            case reference = "$ref"
        }
    }

    private func document() throws -> Document {
        let path =
            #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/docs/openapi.json"
        let data = try #require(FileManager.default.contents(atPath: path))
        return try JSONDecoder().decode(Document.self, from: data)
    }

    @Test func theRoutesAreThoseDescribed() throws {
        let document = try document()
        var described: [String: Document.Operation] = [:]
        for (path, operations) in document.paths {
            for (method, operation) in operations { described["\(method.uppercased()) \(path)"] = operation }
        }
        let routes = Dictionary(uniqueKeysWithValues: Route.all.map { ("\($0.method) \($0.pattern)", $0) })
        #expect(Set(described.keys) == Set(routes.keys))
        #expect(Set(Route.all.map(\.operation)) == Set(Route.Operation.allCases))
        for (name, route) in routes {
            let operation = try #require(described[name])
            #expect(operation.operationId == route.operation.rawValue)
            let query = (operation.parameters ?? []).filter { $0.in == "query" }.map(\.name)
            #expect(Set(query) == Set(route.query), "\(name)")
            let inPath = (operation.parameters ?? []).filter { $0.in == "path" }.map { "{\($0.name)}" }
            #expect(inPath.allSatisfy(route.pattern.contains), "\(name)")
            #expect(inPath.count == route.pattern.count { $0 == "{" }, "\(name)")
            #expect((operation.security == [[:]]) == !route.needsToken, "\(name)")
        }
    }

    /// Any JSON, for its keys.
    private indirect enum Tree: Decodable {
        case map([String: Tree]), list([Tree]), leaf(String?)
        init(from decoder: any Decoder) throws {
            if let map = try? decoder.singleValueContainer().decode([String: Tree].self) {
                self = .map(map)
            } else if let list = try? decoder.singleValueContainer().decode([Tree].self) {
                self = .list(list)
            } else {
                self = .leaf(try? decoder.singleValueContainer().decode(String.self))
            }
        }
    }

    private func check(_ tree: Tree, _ schema: Schema, _ schemas: [String: Schema], at path: String) throws {
        var schema = schema
        if let reference = schema.reference {
            schema = try #require(schemas[String(reference.split(separator: "/").last ?? "")], "\(reference)")
        }
        switch tree {
        case .map(let map):
            let properties = try #require(schema.properties, "\(path) is an object")
            // The samples have every value set, so every described key must be there, and no other.
            #expect(Set(map.keys) == Set(properties.keys), "\(path)")
            #expect(Set(schema.required ?? []).isSubset(of: properties.keys), "\(path)")
            for (key, value) in map {
                if let property = properties[key] {
                    try check(value, property, schemas, at: "\(path).\(key)")
                }
            }
        case .list(let list):
            let items = try #require(schema.items, "\(path) is a list")
            for element in list { try check(element, items, schemas, at: "\(path)[]") }
        case .leaf(let text):
            if let values = schema.values, let text { #expect(values.contains(text), "\(path): \(text)") }
        }
    }

    private func check(_ value: some Encodable, _ name: String) throws {
        let schemas = try document().components.schemas
        let tree = try JSONDecoder().decode(Tree.self, from: Data(WireCoding.encode(value)))
        try check(tree, try #require(schemas[name], "\(name)"), schemas, at: name)
    }

    @Test func theAnswersAreAsDescribed() throws {
        let script = try Samples.script()
        try check(script.status, "InstallationStatus")
        try check(script.history[0], "RolloutRecord")
        try check(Samples.cronRun(), "CronRunRecord")
        try check(script.diff, "DiffReport")
        try check(script.plan, "PlanReport")
        try check(script.trace, "TraceReport")
        try check(script.report, "CommandReport")
        try check(script.logs[0], "LogLine")
        try check(script.events[0], "EventRecord")
        try check(Samples.diagnostic(), "Diagnostic")
        try check(SyncRequest(source: SourceName("main")), "SyncRequest")
        try check(RollbackRequest(release: ReleaseNumber(1)), "RollbackRequest")
        try check(PromotionRequest(full: true), "PromotionRequest")
        try check(ApprovalRequest(what: "4f2c1e9"), "ApprovalRequest")
        try check(
            PlanRequest(files: [PlanFile(path: "a", content: "b")], source: SourceName("main")), "PlanRequest"
        )
        try check(NoticeTestReport(channels: [.init(name: "ops", problem: "no")]), "NoticeTestReport")
        try check(NoticeTestRequest(channel: SourceName("ops")), "NoticeTestRequest")
        try check(
            SessionOrder(
                command: ["sh"], process: ProcessName("web"), instance: "shop-web-v1-1", terminal: true,
                input: true,
                size: .standard, timeoutInSeconds: 60, detached: true), "SessionOrder")
        try check(
            RunStatus(
                name: "shop-run-d1.1", release: .first, state: "exited", exitCode: 0, startedAt: Samples.now,
                timeoutInSeconds: 60, detached: true), "RunStatus")
        try check(ErrorReport(code: "not_found", message: "no"), "ErrorReport")
        let retail = try #require(ProjectName("retail"))
        let record = TokenRecord(
            id: try #require(TokenID("0123456789ab")), name: "ci", grants: [Grant(.admin, in: retail)],
            digest: try Samples.digest("a"), createdAt: Samples.now, createdBy: "anna",
            expiresAt: Samples.now,
            revokedAt: Samples.now)
        let token = TokenReport(record, at: Samples.now)
        try check(token, "TokenReport")
        try check(CreatedToken(token: "slipway_…", report: token), "CreatedToken")
        try check(
            TokenRequest(name: "ci", grants: record.grants, expiresInSeconds: 60), "TokenRequest")
        try check(CallerReport(Caller(name: "a", way: .token, grants: record.grants)), "CallerReport")
        try check(
            AuditRecord(
                sequence: 1, at: Samples.now, actor: "a", way: .token, address: "192.0.2.1", action: "retry",
                app: try Samples.shop, project: retail, object: "main", result: .failed, reason: "conflict",
                leftOut: 3), "AuditRecord")
    }

    @Test func theWordsAreThoseOfTheModel() throws {
        let schemas = try document().components.schemas
        #expect(schemas["Verdict"]?.values.map(Set.init) == Set(Verdict.allCases.map(\.rawValue)))
        #expect(
            schemas["Outcome"]?.values.map(Set.init) == Set(RolloutRecord.Outcome.allCases.map(\.rawValue)))
        let causes = schemas["Blocker"]?.properties?["cause"]?.values
        #expect(causes.map(Set.init) == Set(Blocker.Cause.allCases.map(\.rawValue)))
        let kinds = schemas["EventRecord"]?.properties?["kind"]?.values
        #expect(kinds.map(Set.init) == Set(EventRecord.Kind.allCases.map(\.rawValue)))
        let roles = schemas["Grant"]?.properties?["role"]?.values
        #expect(roles.map(Set.init) == Set(Role.allCases.map(\.rawValue)))
        let results = schemas["AuditRecord"]?.properties?["result"]?.values
        #expect(results.map(Set.init) == Set(AuditRecord.Result.allCases.map(\.rawValue)))
        let ways = schemas["CallerReport"]?.properties?["way"]?.values
        #expect(ways.map(Set.init) == Set(Caller.Way.allCases.map(\.rawValue)))
        let changes = schemas["AppPlan"]?.properties?["change"]?.values
        #expect(changes?.count == 6)
        #expect(changes?.allSatisfy { PlanReport.AppPlan.Change(rawValue: $0) != nil } == true)
        let codes = schemas["ErrorReport"]?.properties?["error"]?.properties?["code"]?.values
        #expect(Set(codes ?? []).isSuperset(of: ControlError.Code.allCases.map(\.rawValue)))
    }

    /// What one side writes the other reads, for every wire type and with values left out as well.
    @Test func theWireGivesBackWhatItTook() throws {
        func roundTrip<Value: Codable & Equatable>(_ value: Value) throws {
            for pretty in [false, true] {
                #expect(
                    try WireCoding.decode(Value.self, from: WireCoding.encode(value, pretty: pretty)) == value
                )
            }
        }
        let script = try Samples.script()
        try roundTrip(script.status)
        try roundTrip(script.history)
        try roundTrip(script.diff)
        try roundTrip(script.plan)
        try roundTrip(script.trace)
        try roundTrip(script.report)
        try roundTrip(script.logs)
        try roundTrip(script.events)
        try roundTrip([Samples.diagnostic()])
        try roundTrip(CommandReport(message: "\u{1B} \" \\ ü \u{2028}"))
        try roundTrip(SyncRequest())
        for verdict in Verdict.allCases { try roundTrip([verdict]) }
    }
}
