/// What one backend needs so that it becomes what is wanted. Pure.
enum Reconciler {
    /// A command with the only answer that means success; an empty answer is a good one for most.
    struct Command: Hashable, Sendable {
        var text: String
        var goodAnswer: String
        init(_ text: String, answers goodAnswer: String = "") {
            self.text = text
            self.goodAnswer = goodAnswer
        }
    }

    /// Servers that are not wanted any more: they are emptied first, and deleted when nobody is on them.
    struct Leftover: Hashable, Sendable {
        var backend: String
        var server: String
    }

    /// - Parameters:
    ///   - cookieKey: of a sticky backend; a server that comes in has no cookie before the key is set again.
    static func changes(
        backend: String, wanted: [WantedServer], live: [LiveServer], options: ServerOptions,
        cookieKey: String?
    ) -> (commands: [Command], leftovers: [Leftover]) {
        var joining: [Command] = []
        var changing: [Command] = []
        var leaving: [Command] = []
        let present = Dictionary(live.map { ($0.name, $0) }) { first, _ in first }
        for server in wanted {
            let name = "\(backend)/\(server.name)"
            guard let now = present[server.name] else {
                joining += arrival(server, name: name, options: options)
                continue
            }
            if now.address != server.address || now.port != server.port {
                changing.append(
                    Command("set server \(name) addr \(server.address) port \(server.port)", answers: "*"))
            }
            if now.weight != server.weight {
                changing.append(Command("set server \(name) weight \(server.weight)"))
            }
            if server.isOut, !now.isOut {
                leaving.append(Command("set server \(name) state maint"))
            } else if !server.isOut, now.isOut || now.isDraining {
                changing.append(Command("set server \(name) state ready"))
            }
        }
        if !joining.isEmpty, let cookieKey {
            joining.append(Command("set dynamic-cookie-key backend \(backend) \(cookieKey)"))
        }
        let names = Set(wanted.map(\.name))
        let leftovers = live.filter { !names.contains($0.name) }
        for server in leftovers where !server.isOut {
            leaving.append(Command("set server \(backend)/\(server.name) state maint"))
        }
        return (
            joining + changing + leaving, leftovers.map { Leftover(backend: backend, server: $0.name) }
        )
    }

    /// A server that comes in takes requests with the last of these commands.
    private static func arrival(_ server: WantedServer, name: String, options: ServerOptions) -> [Command] {
        var commands = [
            Command(
                "add server \(name) \(server.endpoint) weight \(server.weight) \(options.text)",
                answers: "New server registered."),
            Command("enable health \(name)")
        ]
        if !server.isOut { commands.append(Command("enable server \(name)")) }
        return commands
    }

    /// What changes one table into another. Additions come first: nobody is without an answer in between.
    static func changes(file: String, wanted: [String: String], live: [String: String]) -> [Command] {
        var commands: [Command] = []
        for (key, value) in wanted.sorted(by: { $0.key < $1.key }) {
            if let now = live[key] {
                if now != value { commands.append(Command("set map \(file) \(key) \(value)")) }
            } else {
                commands.append(Command("add map \(file) \(key) \(value)"))
            }
        }
        for key in live.keys.sorted() where wanted[key] == nil {
            commands.append(Command("del map \(file) \(key)"))
        }
        return commands
    }
}
