internal import Execution
internal import Model

extension CommandRun {
    /// Whatever goes wrong on the way has a code that commands seldom have, as theirs is told by the same number.
    func execute() async throws(UsageError) -> Int32 {
        let (app, order) = try sessionOrder()
        let style = style
        let console = console
        let complain: @Sendable (String) -> Void = { console.complain(style.clean("slipway: \($0)") + "\n") }
        do {
            let channel = try await client().openSession(["v1", "apps", app.rawValue, "exec"], order)
            return await SessionClient(
                channel: channel, local: console.local, order: order, complain: complain
            )
            .run()
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

    private func sessionOrder() throws(UsageError) -> (AppName, SessionOrder) {
        let text = invocation.arguments["APP[/PROCESS]"] ?? ""
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let app = AppName(String(parts[0])) else { throw usage("'\(parts[0])' is not an app's name") }
        var process: ProcessName?
        if parts.count == 2 {
            process = ProcessName(String(parts[1]))
            if process == nil { throw usage("'\(parts[1])' is not a process's name") }
        }
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
