internal import Execution
internal import Model

extension CommandRun {
    func cron() async throws -> Int32 {
        let action = invocation.arguments["ACTION"] ?? ""
        guard CommandTable.cronActions.contains(action) else {
            throw usage(
                "'\(style.clean(action))' is no action; there are \(CommandTable.cronActions.joined(separator: ", "))"
            )
        }
        for option in ["run", "follow", "since", "tail"] where action != "logs" && invocation.has(option) {
            throw usage("--\(option) goes with logs")
        }
        if action != "history", invocation.has("limit") { throw usage("--limit goes with history") }
        switch action {
        case "list": return try await cronList()
        case "history": return try await cronHistory()
        case "run":
            let path = ["v1", "apps", try app().rawValue, "cron", try entry().rawValue, "run"]
            let report = try await client().post(CommandReport.self, path, nil as SyncRequest?)
            try show(report) { [Line($0.message)] }
            return 0
        default: return try await cronLogs()
        }
    }

    private func entry() throws(UsageError) -> ProcessName {
        guard let text = invocation.arguments["NAME"] else {
            throw usage("which entry? `slipway cron list \(invocation.arguments["APP"] ?? "")` shows them")
        }
        guard let name = ProcessName(text) else {
            throw usage("'\(style.clean(text))' is not an entry's name")
        }
        return name
    }

    private func cronList() async throws -> Int32 {
        guard invocation.arguments["NAME"] == nil else { throw usage("list takes an app and no entry") }
        let apps: [AppStatus]
        if let app = try optionalApp() {
            apps = [try await client().get(AppStatus.self, ["v1", "apps", app.rawValue])]
        } else {
            apps = try await client().get(InstallationStatus.self, ["v1", "status"]).apps
        }
        let entries = apps.flatMap { app in
            (app.cron ?? []).map { CronListing(app: app.name, entry: $0) }
        }
        let now = WallTime(secondsSince1970: BootClock.wallSeconds())
        try show(entries) { CronRendering.list($0, now: now, style: style) }
        return 0
    }

    private func cronHistory() async throws -> Int32 {
        let path = ["v1", "apps", try app().rawValue, "cron"]
        let name = invocation.arguments["NAME"] == nil ? nil : try entry().rawValue
        let query = [("entry", name), ("limit", try number("limit", in: 1...1_000) ?? "20")]
        let records = try await client().get([CronRunRecord].self, path, query)
        try show(records) { CronRendering.history($0, style: style) }
        return 0
    }

    private func cronLogs() async throws -> Int32 {
        if let run = invocation.options["run"], CronRunName(run) == nil {
            throw usage("'\(style.clean(run))' is not a run; history names them, such as 20261126T0300Z")
        }
        let query = [
            ("job", try entry().rawValue), ("run", invocation.options["run"]),
            ("tail", try number("tail", in: 0...10_000)), ("since", try span("since")?.description)
        ]
        return try await showLogs(["v1", "apps", try app().rawValue, "logs"], query)
    }
}
