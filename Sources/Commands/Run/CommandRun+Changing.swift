internal import Model

extension CommandRun {
    func change() async throws -> Int32 {
        let limit = try span("timeout")
        if limit != nil, !invocation.has("wait") { throw usage("--timeout goes with --wait") }
        let client = try client()
        let report = try await request(client)
        guard invocation.has("wait") else {
            try show(report) { [Line($0.message)] }
            return 0
        }
        try showOne(report) { Line($0.message) }
        let rule = FollowRule(app: report.app, expected: report.release, mustSettle: true)
        return try await Follower(run: self, client: client).follow(rule, timeout: limit ?? .minutes(30))
    }

    private func request(_ client: ControlClient) async throws -> CommandReport {
        let name = invocation.command.name
        switch name {
        case "sync":
            let source = try source()
            return try await client.post(CommandReport.self, ["v1", "sync"], SyncRequest(source: source))
        case "approve":
            let what = invocation.arguments["COMMIT|APP"] ?? ""
            let commit = what.lowercased()
            guard AppName(what) != nil || ApprovalRequest.isCommit(commit) else {
                throw usage(
                    "give 7 to 40 hex digits of a commit, or an app's name, as `slipway status` shows them")
            }
            return try await client.post(
                CommandReport.self, ["v1", "approvals"],
                ApprovalRequest(what: AppName(what) == nil ? commit : what))
        case "promote":
            let body = PromotionRequest(full: invocation.has("full") ? true : nil)
            return try await client.post(CommandReport.self, ["v1", "apps", try app().rawValue, name], body)
        case "rollback":
            let body = RollbackRequest(release: try release("RELEASE"))
            return try await client.post(CommandReport.self, ["v1", "apps", try app().rawValue, name], body)
        default:
            let path = ["v1", "apps", try app().rawValue, name]
            return try await client.post(CommandReport.self, path, nil as SyncRequest?)
        }
    }

    func source() throws(UsageError) -> SourceName? {
        guard let text = invocation.options["source"] else { return nil }
        guard let name = SourceName(text) else { throw usage("'\(text)' is not a source's name") }
        return name
    }
}
