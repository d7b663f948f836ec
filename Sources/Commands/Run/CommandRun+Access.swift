internal import Execution
internal import Model

extension CommandRun {
    func token() async throws -> Int32 {
        let action = invocation.arguments["ACTION"] ?? ""
        let name = invocation.arguments["NAME|ID"]
        if action != "create" {
            for option in ["role", "project", "expires"] where invocation.has(option) {
                throw usage("--\(option) goes with create")
            }
        }
        switch action {
        case "create": return try await createToken(name)
        case "list":
            guard name == nil else { throw usage("list takes no name") }
            let tokens = try await client().get([TokenReport].self, ["v1", "tokens"])
            try show(tokens) { AccessRendering.tokens($0, style: style) }
        case "revoke":
            guard let name, !name.isEmpty else {
                throw usage("revoke which token? `slipway token list` shows them")
            }
            let report = try await client().post(
                TokenReport.self, ["v1", "tokens", name, "revoke"], nil as TokenRequest?)
            try show(report) { [Line("\($0.name) (\($0.id)) is revoked")] }
        default: throw usage("'\(style.clean(action))' is no action; there are create, list and revoke")
        }
        return 0
    }

    private func createToken(_ name: String?) async throws -> Int32 {
        guard let name, !name.isEmpty else {
            throw usage("create takes a name, such as `slipway token create ci`")
        }
        guard let role = invocation.options["role"].flatMap(Role.init(rawValue:)) else {
            throw usage("--role is missing: viewer, developer, operator or admin")
        }
        let life = try days("expires").map { $0.wholeSecondsRoundedUp }
        let request = TokenRequest(name: name, grants: try grants(role), expiresInSeconds: life)
        let created = try await client().post(CreatedToken.self, ["v1", "tokens"], request)
        try show(created) { AccessRendering.created($0) }
        return 0
    }

    private func grants(_ role: Role) throws(UsageError) -> [Grant] {
        guard let list = invocation.options["project"] else { return [Grant(role)] }
        var grants: [Grant] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let project = ProjectName(String(part)) else {
                throw usage("'\(style.clean(String(part)))' is not a project's name")
            }
            grants.append(Grant(role, in: project))
        }
        return grants
    }

    func audit() async throws -> Int32 {
        if let app = invocation.options["app"], AppName(app) == nil {
            throw usage("'\(app)' is not an app's name")
        }
        if let project = invocation.options["project"], ProjectName(project) == nil {
            throw usage("'\(project)' is not a project's name")
        }
        let query = [
            ("app", invocation.options["app"]), ("project", invocation.options["project"]),
            ("actor", invocation.options["actor"]),
            ("since", try days("since").map { "\($0.wholeSecondsRoundedUp)" }),
            ("limit", try number("limit", in: 1...1_000) ?? "50")
        ]
        let records = try await client().get([AuditRecord].self, ["v1", "audit"], query)
        try show(records) { AccessRendering.audit($0) }
        return 0
    }

    func whoami() async throws -> Int32 {
        try show(try await client().get(CallerReport.self, ["v1", "whoami"])) { AccessRendering.caller($0) }
        return 0
    }

    /// A length of time that may also be given in whole days.
    private func days(_ option: String) throws(UsageError) -> TimeSpan? {
        guard let text = invocation.options[option], text.hasSuffix("d") else { return try span(option) }
        guard let count = Int64(text.dropLast()), (0...3_650).contains(count) else {
            throw usage("'\(text)' is not a length of time; write 12h or 30d")
        }
        return .minutes(count * 1_440)
    }
}
