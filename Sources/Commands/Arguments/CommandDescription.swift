/// One command of the program, as help, documentation, completion and parser see it.
struct CommandDescription: Sendable, Hashable {
    struct Argument: Sendable, Hashable {
        /// In capitals, as help shows it.
        var name: String
        var isOptional: Bool
        var help: String
        /// Stands for all words from here on, options or not; the last of a command's arguments.
        var isRest: Bool
        init(_ name: String, optional: Bool = false, rest: Bool = false, _ help: String) {
            isRest = rest
            self.name = name
            isOptional = optional
            self.help = help
        }
    }

    struct Option: Sendable, Hashable {
        /// Without dashes.
        var long: String
        var short: Character?
        /// In capitals; `nil` for a switch.
        var value: String?
        var help: String
        /// What the value may be; empty: anything.
        var allowed: [String]
        init(
            _ long: String, short: Character? = nil, value: String? = nil, allowed: [String] = [],
            _ help: String
        ) {
            self.long = long
            self.short = short
            self.value = value
            self.allowed = allowed
            self.help = help
        }

        /// `-o, --output FORMAT`
        var usage: String {
            let name = short.map { "-\($0), --\(long)" } ?? "--\(long)"
            return value.map { "\(name) \($0)" } ?? name
        }
    }

    struct Example: Sendable, Hashable {
        var line: String
        var says: String
        init(_ line: String, _ says: String) {
            self.line = line
            self.says = says
        }
    }

    var name: String
    var summary: String
    /// Whole sentences; each element is a paragraph.
    var details: [String] = []
    var arguments: [Argument] = []
    var options: [Option] = []
    var examples: [Example]
    /// Exit codes that differ from the general ones, such as `2: there are changes`.
    var exits: [String] = []

    /// `slipway status [APP] [OPTIONS]`
    var usage: String {
        let named = arguments.filter { !$0.isRest }
            .map { $0.isOptional ? " [\($0.name)]" : " \($0.name)" }.joined()
        let rest = arguments.last { $0.isRest }.map { $0.isOptional ? " [-- \($0.name)]" : " -- \($0.name)" }
        return "slipway \(name)\(named)\(options.isEmpty ? "" : " [OPTIONS]")\(rest ?? "")"
    }
}
