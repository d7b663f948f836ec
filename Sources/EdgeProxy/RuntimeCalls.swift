internal import Ports

/// Commands on HAProxy's socket whose answers are read.
struct RuntimeCalls: Sendable {
    let socket: RuntimeSocket

    /// Runs the commands in order and checks each answer; the first bad one ends it.
    func run(_ commands: [Reconciler.Command]) throws(EdgeError) {
        var batch: [Reconciler.Command] = []
        var size = 0
        for command in commands {
            // HAProxy reads a line into a buffer of 16 KiB.
            if size + command.text.utf8.count > 8_000 {
                try send(batch)
                batch = []
                size = 0
            }
            batch.append(command)
            size += command.text.utf8.count + 2
        }
        try send(batch)
    }

    private func send(_ batch: [Reconciler.Command]) throws(EdgeError) {
        guard !batch.isEmpty else { return }
        let answer = try socket.text(batch.map(\.text).joined(separator: "; "))
        let answers = Self.split(answer)
        for (index, command) in batch.enumerated() {
            let got = index < answers.count ? answers[index] : "no answer"
            guard command.goodAnswer == "*" || got == command.goodAnswer else {
                throw EdgeError(
                    .internal, "the edge's proxy answers `\(got)` to `\(Self.name(of: command))`")
            }
        }
    }

    /// An answer is some lines, or none, and an empty line.
    static func split(_ answer: String) -> [String] {
        var answers: [String] = []
        var current: [Substring] = []
        for line in answer.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if line.isEmpty {
                answers.append(current.joined(separator: "\n"))
                current = []
            } else {
                current.append(line)
            }
        }
        if !current.isEmpty { answers.append(current.joined(separator: "\n")) }
        return answers
    }

    /// Without a cookie key.
    private static func name(of command: Reconciler.Command) -> String {
        command.text.hasPrefix("set dynamic-cookie-key") ? "set dynamic-cookie-key" : command.text
    }

    func servers(of backend: String) throws(EdgeError) -> [LiveServer] {
        RuntimeAnswers.servers(try socket.call("show servers state \(backend)"))
    }

    func servers() throws(EdgeError) -> [LiveServer] {
        RuntimeAnswers.servers(try socket.call("show servers state"))
    }

    /// - Parameter backend: `nil`: all of them.
    func counters(of backend: String? = nil) throws(EdgeError) -> [ServerCounters] {
        RuntimeAnswers.counters(try socket.call("show stat \(backend ?? "-1") 4 -1"))
    }

    func map(_ file: String) throws(EdgeError) -> [String: String] {
        RuntimeAnswers.map(try socket.call("show map \(file)"))
    }

    func info() throws(EdgeError) -> [String: String] {
        RuntimeAnswers.info(try socket.text("show info"))
    }

    /// `true`: it is gone, or was never there.
    func delete(_ leftover: Reconciler.Leftover) throws(EdgeError) -> Bool {
        let name = "\(leftover.backend)/\(leftover.server)"
        let answer = try socket.text("del server \(name)")
        return answer.contains("deleted") || answer.contains("No such")
    }

    func endSessions(_ leftover: Reconciler.Leftover) throws(EdgeError) {
        _ = try socket.call("shutdown sessions server \(leftover.backend)/\(leftover.server)")
    }
}
