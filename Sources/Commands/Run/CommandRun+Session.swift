internal import Execution
internal import Model

extension CommandRun {
    /// Whatever goes wrong on the way has a code that commands seldom have, as theirs is told by the same number.
    func execute() async throws(UsageError) -> Int32 {
        let (app, order) = try sessionOrder()
        return try await hold(app, order)
    }

    func runOnce() async throws -> Int32 {
        let (app, _) = try subject()
        if invocation.has("list") {
            guard invocation.rest.isEmpty else { throw usage("--list takes no command") }
            let runs = try await client().get([RunStatus].self, ["v1", "apps", app.rawValue, "runs"])
            let now = WallTime(secondsSince1970: BootClock.wallSeconds())
            try show(runs) { SessionRendering.lines($0, app, now: now, style: style) }
            return 0
        }
        var (_, order) = try sessionOrder()
        if let name = invocation.options["process"] {
            guard order.process == nil, let process = ProcessName(name) else {
                throw usage(
                    order.process == nil ? "'\(name)' is not a process's name" : "name the process once")
            }
            order.process = process
        }
        order.timeoutInSeconds = try span("timeout")?.wholeSecondsRoundedUp
        if invocation.has("detach") {
            guard !invocation.has("stdin"), !invocation.has("tty") else {
                throw usage("--detach leaves nobody to type; leave -i and -t out")
            }
            (order.detached, order.terminal, order.input, order.size) = (true, false, false, nil)
        }
        if let objection = order.objection { throw usage(objection) }
        return try await hold(app, order)
    }

    private func hold(_ app: AppName, _ order: SessionOrder) async throws(UsageError) -> Int32 {
        let style = style
        let console = console
        let complain: @Sendable (String) -> Void = { console.complain(style.clean("slipway: \($0)") + "\n") }
        do {
            let path = ["v1", "apps", app.rawValue, invocation.command.name]
            switch try await client().openSession(path, order) {
            case .open(let channel):
                return await SessionClient(
                    channel: channel, local: console.local, order: order, complain: complain
                ).run()
            case .started(let report):
                try show(report) { [Line($0.message)] }
                return 0
            }
        } catch let error as UsageError {
            throw error
        } catch let error as ControlClient.Failure {
            complain(error.message)
        } catch let error as LocalFailure {
            complain(error.message)
        } catch {
            complain("\(error)")
        }
        return SessionClient.lost
    }

    private func subject() throws(UsageError) -> (AppName, ProcessName?) {
        let text = invocation.arguments["APP[/PROCESS]"] ?? ""
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let app = AppName(String(parts[0])) else { throw usage("'\(parts[0])' is not an app's name") }
        guard parts.count == 2 else { return (app, nil) }
        guard let process = ProcessName(String(parts[1])) else {
            throw usage("'\(parts[1])' is not a process's name")
        }
        return (app, process)
    }

    private func sessionOrder() throws(UsageError) -> (AppName, SessionOrder) {
        let (app, process) = try subject()
        guard !(invocation.has("tty") && invocation.has("no-tty")) else {
            throw usage("--tty and --no-tty contradict each other")
        }
        let local = console.local
        let isTerminal = local.isInputTerminal && local.isOutputTerminal
        let wantsTerminal = invocation.has("tty") || isTerminal && !invocation.has("no-tty")
        let order = SessionOrder(
            command: invocation.rest, process: process, instance: invocation.options["instance"],
            terminal: wantsTerminal, input: invocation.has("stdin") || isTerminal && wantsTerminal,
            size: wantsTerminal ? local.size ?? .standard : nil)
        if let objection = order.objection { throw usage(objection) }
        return (app, order)
    }
}
