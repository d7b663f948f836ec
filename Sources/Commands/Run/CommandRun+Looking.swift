internal import Execution
internal import Model

extension CommandRun {
    func status() async throws -> Int32 {
        let app = try optionalApp()
        let limit = try span("timeout")
        if limit != nil, !invocation.has("watch") { throw usage("--timeout goes with --watch") }
        let client = try client()
        if invocation.has("watch") {
            return try await Follower(run: self, client: client).follow(
                FollowRule(app: app, expected: nil, mustSettle: false), timeout: limit)
        }
        if let app {
            let status = try await client.get(AppStatus.self, ["v1", "apps", app.rawValue])
            let now = WallTime(secondsSince1970: BootClock.wallSeconds())
            try show(status) { AppRendering.lines($0, now: now, style: style) }
            return status.verdict.exitCode
        }
        let status = try await client.get(InstallationStatus.self, ["v1", "status"])
        try show(status) { StatusRendering.lines($0, style: style, isWide: format == .wide) }
        return status.verdict.exitCode
    }

    func why() async throws -> Int32 {
        let status = try await client().get(AppStatus.self, ["v1", "apps", try app().rawValue])
        try show(status) { AppRendering.why($0) }
        return status.verdict.exitCode
    }

    func doctor() async throws -> Int32 {
        let report = DoctorReport(try await client().get(InstallationStatus.self, ["v1", "status"]))
        try show(report) { $0.lines() }
        return report.isGood ? 0 : 2
    }

    /// The commands that show one answer.
    func report() async throws -> Int32 {
        switch invocation.command.name {
        case "history":
            let path = try optionalApp().map { ["v1", "apps", $0.rawValue, "history"] } ?? ["v1", "history"]
            let limit = try number("limit", in: 1...1_000) ?? "20"
            let records = try await client().get([RolloutRecord].self, path, [("limit", limit)])
            try show(records) { ReportRendering.history($0, style: style) }
        case "diff":
            let query = [
                ("from", try release("FROM")?.description), ("to", try release("TO")?.description)
            ]
            let path = ["v1", "apps", try app().rawValue, "diff"]
            try show(try await client().get(DiffReport.self, path, query)) { ReportRendering.diff($0) }
        default:
            let container = invocation.arguments["CONTAINER"] ?? ""
            guard ContainerID(container) != nil else {
                throw usage("'\(style.clean(container))' is not a container")
            }
            let report = try await client().get(TraceReport.self, ["v1", "trace", container])
            try show(report) { ReportRendering.trace($0) }
        }
        return 0
    }

    func logs() async throws -> Int32 {
        let path = ["v1", "apps", try app().rawValue, "logs"]
        let (process, job) = (invocation.options["process"], invocation.options["job"])
        for name in [process, job].compactMap(\.self) where ProcessName(name) == nil {
            throw usage("'\(name)' is not the name of a process or a job")
        }
        if process != nil, job != nil { throw usage("--process and --job do not go together") }
        if job == nil, invocation.options["run"] != nil { throw usage("--run needs --job NAME") }
        let query = [
            ("process", process), ("job", job), ("run", invocation.options["run"]),
            ("tail", try number("tail", in: 0...10_000)),
            ("since", try span("since")?.description)
        ]
        return try await showLogs(path, query)
    }

    /// Lines that are there, or as they come with `--follow`.
    func showLogs(_ path: [String], _ query: [(String, String?)]) async throws -> Int32 {
        guard invocation.has("follow") else {
            for line in try await client().get([LogLine].self, path, query) {
                try showOne(line) { ReportRendering.log($0) }
            }
            return 0
        }
        for try await event in try await client().events(path, query + [("follow", "true")]) {
            switch event.name {
            case "line": try showOne(try decode(LogLine.self, event)) { ReportRendering.log($0) }
            case "error":
                let report = try decode(ErrorReport.self, event)
                throw ControlClient.Failure.refused(code: report.error.code, message: report.error.message)
            default: return 0
            }
        }
        return 0
    }

    func events() async throws -> Int32 {
        let after = try number("after", in: 0...Int64.max)
        let client = try client()
        guard invocation.has("follow") else {
            for event in try await client.get([EventRecord].self, ["v1", "events"], [("after", after)]) {
                try showOne(event) { ReportRendering.event($0) }
            }
            return 0
        }
        for try await event in try await client.events(
            ["v1", "events"], [("after", after), ("follow", "true")])
        where event.name == "event" {
            try showOne(try decode(EventRecord.self, event)) { ReportRendering.event($0) }
        }
        throw ControlClient.Failure.unreachable(
            "the controller ended the stream of events; it may be restarting")
    }

    func decode<Value: Decodable>(_ type: Value.Type, _ event: EventStreamParser.Event) throws -> Value {
        do {
            return try WireCoding.decode(type, from: event.data)
        } catch {
            throw ControlClient.Failure.refused(
                code: "protocol", message: "an event of the stream is not what this version expects")
        }
    }
}
