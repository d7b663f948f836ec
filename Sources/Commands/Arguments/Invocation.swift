/// A command line that fits the table.
struct Invocation: Sendable, Hashable {
    var command: CommandDescription
    /// By the argument's name.
    var arguments: [String: String] = [:]
    /// By the option's long name; switches have an empty value.
    var options: [String: String] = [:]
    /// What stands for an argument that takes all that is left.
    var rest: [String] = []

    func has(_ option: String) -> Bool { options[option] != nil }
}

/// A command line that does not fit. Exit code 64.
struct UsageError: Error, Sendable, Hashable {
    var message: String
    /// The command whose help to name; `nil`: the program's.
    var command: String?
}

enum ArgumentParser {
    /// - Parameter words: without the program's name.
    static func parse(_ words: [String]) throws(UsageError) -> Invocation {
        var parser = State(words: words)
        return try parser.run()
    }

    private struct State {
        var words: [String]
        var index = 0
        var command: CommandDescription?
        var positionals: [String] = []
        var options: [String: String] = [:]

        init(words: [String]) { self.words = words }

        mutating func run() throws(UsageError) -> Invocation {
            var areOptionsOver = false
            while index < words.count {
                let word = words[index]
                index += 1
                // The words of another program are not ours to read.
                if isInRest { areOptionsOver = true }
                if areOptionsOver || word == "-" || !word.hasPrefix("-") {
                    try takePlain(word)
                } else if word == "--" {
                    areOptionsOver = true
                } else if word.hasPrefix("--") {
                    try takeLong(word.dropFirst(2))
                } else {
                    try takeShort(word.dropFirst())
                }
            }
            return try finish()
        }

        /// A word of the argument that takes all that is left has come.
        private var isInRest: Bool {
            guard let command, command.arguments.last?.isRest == true else { return false }
            return positionals.count >= command.arguments.count
        }

        private mutating func takePlain(_ word: String) throws(UsageError) {
            guard command == nil else {
                positionals.append(word)
                return
            }
            guard let found = CommandTable.command(word) else {
                let guess = Suggestion.nearest(to: word, in: CommandTable.commands.map(\.name))
                throw UsageError(message: "unknown command '\(word)'" + Suggestion.question(guess))
            }
            command = found
        }

        private mutating func takeLong(_ body: Substring) throws(UsageError) {
            let name = String(body.prefix { $0 != "=" })
            let inline = body.count > name.count ? String(body.dropFirst(name.count + 1)) : nil
            guard let option = known.first(where: { $0.long == name }) else {
                let guess = Suggestion.nearest(to: name, in: known.map(\.long)).map { "--\($0)" }
                throw usage("unknown option '--\(name)'" + Suggestion.question(guess))
            }
            try set(option, inline: inline, shown: "--\(name)")
        }

        private mutating func takeShort(_ body: Substring) throws(UsageError) {
            var rest = body
            while let letter = rest.first {
                rest = rest.dropFirst()
                guard let option = known.first(where: { $0.short == letter }) else {
                    throw usage("unknown option '-\(letter)'")
                }
                if option.value != nil {
                    try set(option, inline: rest.isEmpty ? nil : String(rest), shown: "-\(letter)")
                    return
                }
                try set(option, inline: nil, shown: "-\(letter)")
            }
        }

        private mutating func set(
            _ option: CommandDescription.Option, inline: String?, shown: String
        ) throws(UsageError) {
            guard let placeholder = option.value else {
                guard inline == nil else { throw usage("option '\(shown)' takes no value") }
                options[option.long] = ""
                return
            }
            var value = inline
            if value == nil, index < words.count {
                value = words[index]
                index += 1
            }
            guard let value, !value.isEmpty else {
                throw usage("option '\(shown)' needs a value: \(placeholder)")
            }
            guard option.allowed.isEmpty || option.allowed.contains(value) else {
                let guess = Suggestion.nearest(to: value, in: option.allowed)
                throw usage(
                    "'\(value)' is not a value of '\(shown)'; it takes \(option.allowed.joined(separator: ", "))"
                        + Suggestion.question(guess))
            }
            options[option.long] = value
        }

        private mutating func finish() throws(UsageError) -> Invocation {
            guard var command else {
                guard let help = CommandTable.command("help"), options["help"] != nil || words.isEmpty else {
                    throw UsageError(message: "no command given")
                }
                return Invocation(command: help, arguments: [:], options: options)
            }
            if options["help"] != nil, let help = CommandTable.command("help") {
                positionals = [command.name]
                command = help
            }
            var arguments: [String: String] = [:]
            for (number, argument) in command.arguments.enumerated() {
                if argument.isRest, number < positionals.count { continue }
                if number < positionals.count, !positionals[number].isEmpty {
                    arguments[argument.name] = positionals[number]
                } else if !argument.isOptional {
                    throw usage("\(argument.name) is missing: \(argument.help)")
                }
            }
            let hasRest = command.arguments.last?.isRest == true
            guard hasRest || positionals.count <= command.arguments.count else {
                throw usage("'\(positionals[command.arguments.count])' is one argument too many")
            }
            let rest = hasRest ? Array(positionals.dropFirst(command.arguments.count - 1)) : []
            return Invocation(command: command, arguments: arguments, options: options, rest: rest)
        }

        /// Options of a command stand behind its name; the general ones stand anywhere.
        private var known: [CommandDescription.Option] {
            (command?.options ?? []) + CommandTable.globalOptions
        }

        private func usage(_ message: String) -> UsageError {
            UsageError(message: message, command: command?.name)
        }
    }
}
