internal import Model

/// One command on its way.
struct CommandRun {
    let invocation: Invocation
    let console: Console
    let style: TextStyle

    init(invocation: Invocation, console: Console) {
        self.invocation = invocation
        self.console = console
        style = console.style(invocation)
    }

    func perform() async throws -> Int32 {
        if format == .markdown, invocation.command.name != "plan" {
            throw UsageError(message: "only plan has -o markdown", command: invocation.command.name)
        }
        switch invocation.command.name {
        case "status": return try await status()
        case "why": return try await why()
        case "doctor": return try await doctor()
        case "history", "diff", "trace": return try await report()
        case "logs": return try await logs()
        case "cron": return try await cron()
        case "events": return try await events()
        case "plan": return try await plan()
        case "validate": return try validate()
        case "render": return try render()
        case "simulate": return try simulate()
        case "import": return try importSpecs()
        case "backup": return try backup()
        case "restore": return try restore()
        case "notices": return try await notices()
        case "secrets": return try secrets()
        case "sync", "retry", "rollback", "abort", "promote", "approve", "pause", "resume":
            return try await change()
        case "exec": return try await execute()
        case "run": return try await runOnce()
        case "token": return try await token()
        case "audit": return try await audit()
        case "whoami": return try await whoami()
        case "completion": return try completion()
        case "version":
            console.write("slipway \(Build.version)\n")
            return 0
        default: return try help()
        }
    }

    // MARK: - What the command line says

    var format: OutputFormat {
        let format = invocation.options["output"].flatMap(OutputFormat.init(rawValue:)) ?? .table
        return format == .text ? .table : format
    }

    func app() throws(UsageError) -> AppName {
        let text = invocation.arguments["APP"] ?? ""
        guard let name = AppName(text) else { throw usage("'\(text)' is not an app's name") }
        return name
    }

    func optionalApp() throws(UsageError) -> AppName? {
        invocation.arguments["APP"] == nil ? nil : try app()
    }

    /// `v41` or `41`.
    func release(_ argument: String) throws(UsageError) -> ReleaseNumber? {
        guard let text = invocation.arguments[argument] else { return nil }
        let digits = text.hasPrefix("v") ? text.dropFirst() : text[...]
        guard let value = Int(digits), let number = ReleaseNumber(value) else {
            throw usage("'\(text)' is not a release; releases are v1, v2 and so on")
        }
        return number
    }

    func number(_ option: String, in range: ClosedRange<Int64>) throws(UsageError) -> String? {
        guard let text = invocation.options[option] else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw usage("--\(option) takes a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return "\(number)"
    }

    func span(_ option: String) throws(UsageError) -> TimeSpan? {
        guard let text = invocation.options[option] else { return nil }
        guard let span = TimeSpan(parsing: text) else {
            throw usage("'\(text)' is not a length of time; write 90s, 10m or 1h30m")
        }
        return span
    }

    func usage(_ message: String) -> UsageError {
        UsageError(message: message, command: invocation.command.name)
    }

    // MARK: - The controller

    func client() throws -> ControlClient {
        let variables = console.variables
        func setting(_ option: String, _ variable: String) -> String? {
            invocation.options[option] ?? variables[variable].flatMap { $0.isEmpty ? nil : $0 }
        }
        // What is said on the command line counts more than the environment, whichever of the two it is.
        let server =
            invocation.options["server"]
            ?? (invocation.has("socket") ? nil : setting("server", "SLIPWAY_SERVER"))
        guard var base = server else {
            return ControlClient(endpoint: .socket(setting("socket", "SLIPWAY_SOCKET") ?? Defaults.socket))
        }
        while base.hasSuffix("/") { base.removeLast() }
        guard base.hasPrefix("http://") || base.hasPrefix("https://"), !base.contains("@"),
            !base.contains("?")
        else {
            throw usage("--server takes an address such as https://slipway.example.com, without credentials")
        }
        let token = try setting("token-file", "SLIPWAY_TOKEN_FILE").map { try Files(console).token($0) }
        if token != nil, base.hasPrefix("http://"), !Self.isLoopback(base) {
            console.complain(
                "slipway: warning: the token goes to \(style.clean(base)) unencrypted; use https\n")
        }
        return ControlClient(endpoint: .server(base: base, token: token))
    }

    private static func isLoopback(_ base: String) -> Bool {
        let authority = base.dropFirst("http://".count).prefix { $0 != "/" }
        return ["localhost", "127.0.0.1", "[::1]"].contains {
            authority == $0 || authority.hasPrefix("\($0):")
        }
    }

    // MARK: - Output

    func show(_ lines: [Line]) {
        console.write(lines.map { $0.text(style) + "\n" }.joined())
    }

    /// Writes `value` as data where that is asked for, else what `lines` makes of it.
    func show<Value: Encodable>(_ value: Value, _ lines: (Value) -> [Line]) throws {
        switch format {
        case .json:
            console.write(String(decoding: try WireCoding.encode(value, pretty: true), as: UTF8.self) + "\n")
        case .yaml: console.write(try YAMLText.of(value))
        default: show(lines(value))
        }
    }

    /// One value on one line, for what comes as a sequence.
    func showOne<Value: Encodable>(_ value: Value, _ line: (Value) -> Line) throws {
        switch format {
        case .json: console.write(String(decoding: try WireCoding.encode(value), as: UTF8.self) + "\n")
        case .yaml: console.write("---\n" + (try YAMLText.of(value)))
        default: show([line(value)])
        }
    }

    // MARK: - Help

    private func help() throws(UsageError) -> Int32 {
        guard let name = invocation.arguments["COMMAND"] else {
            console.write(HelpText.overview())
            return 0
        }
        guard let command = CommandTable.command(name) else {
            let guess = Suggestion.nearest(to: name, in: CommandTable.commands.map(\.name))
            throw UsageError(message: "unknown command '\(name)'" + Suggestion.question(guess))
        }
        console.write(HelpText.command(command))
        return 0
    }

    private func completion() throws(UsageError) -> Int32 {
        let shell = invocation.arguments["SHELL"] ?? ""
        guard let script = CompletionScript.script(for: shell) else {
            throw usage(
                "there is no completion for '\(shell)'; there is for \(CompletionScript.shells.joined(separator: ", "))"
            )
        }
        console.write(script)
        return 0
    }
}
