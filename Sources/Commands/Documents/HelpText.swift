internal import Model

/// Help as it is printed, from the table.
enum HelpText {
    static func overview() -> String {
        var text =
            "slipway — deploys what git says, and says what runs\n\nUSAGE\n  slipway COMMAND [ARGUMENTS] [OPTIONS]\n"
        text += "\nCOMMANDS\n" + columns(CommandTable.commands.map { ($0.name, $0.summary) })
        text +=
            "\nOPTIONS OF EVERY COMMAND\n" + columns(CommandTable.globalOptions.map { ($0.usage, $0.help) })
        text += "\nEXIT CODES\n" + CommandTable.generalExits.map { "  \($0)\n" }.joined()
        text += "\nEXAMPLES\n"
        text += columns([
            ("slipway status", "how everything is doing"),
            ("slipway why APP", "why an app is not as wanted"),
            ("slipway plan --repo .", "what this work tree would change")
        ])
        return text + "\n'slipway help COMMAND' explains a command.\n"
    }

    static func command(_ command: CommandDescription) -> String {
        var text =
            "slipway \(command.name) — \(command.summary.lowercasedFirst)\n\nUSAGE\n  \(command.usage)\n"
        if !command.details.isEmpty {
            text += "\n" + command.details.map { wrapped($0, width: 90) }.joined(separator: "\n")
        }
        if !command.arguments.isEmpty {
            text += "\nARGUMENTS\n" + columns(command.arguments.map { ($0.name, $0.help) })
        }
        if !command.options.isEmpty {
            text += "\nOPTIONS\n" + columns(command.options.map { ($0.usage, $0.help) })
        }
        text +=
            "\nOPTIONS OF EVERY COMMAND\n" + columns(CommandTable.globalOptions.map { ($0.usage, $0.help) })
        if !command.exits.isEmpty { text += "\nEXIT CODES\n" + command.exits.map { "  \($0)\n" }.joined() }
        return text + "\nEXAMPLES\n" + command.examples.map { "  # \($0.says)\n  \($0.line)\n" }.joined()
    }

    private static func columns(_ rows: [(String, String)]) -> String {
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { "  \($0.0)\(String(repeating: " ", count: width - $0.0.count))  \($0.1)\n" }
            .joined()
    }

    private static func wrapped(_ text: String, width: Int) -> String {
        TextWidth.wrap(text, width: width).map { $0 + "\n" }.joined()
    }
}

extension String {
    var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
