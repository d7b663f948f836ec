/// Completion scripts for shells, from the table.
enum CompletionScript {
    static let shells = ["bash", "zsh", "fish"]

    static func script(for shell: String) -> String? {
        switch shell {
        case "bash": bash()
        case "zsh": zsh()
        case "fish": fish()
        default: nil
        }
    }

    private static func options(of command: CommandDescription) -> [CommandDescription.Option] {
        command.options + CommandTable.globalOptions
    }

    /// Fixed words that the first argument may be.
    private static func words(for command: CommandDescription) -> [String] {
        switch command.name {
        case "completion": shells
        case "secrets": CommandTable.secretActions
        case "cron": CommandTable.cronActions
        case "help": CommandTable.commands.map(\.name)
        default: []
        }
    }

    private static func bash() -> String {
        let names = CommandTable.commands.map(\.name).joined(separator: " ")
        var text = """
            # bash completion of slipway
            _slipway() {
                local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" command="" words="" word
                for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                    case "$word" in -*) ;; *) command="$word"; break ;; esac
                done
                case "$previous" in

            """
        for option in CommandTable.globalOptions where !option.allowed.isEmpty {
            let forms = ["--\(option.long)"] + (option.short.map { ["-\($0)"] } ?? [])
            text += "        \(forms.joined(separator: "|"))) COMPREPLY=($(compgen -W "
            text += "\"\(option.allowed.joined(separator: " "))\" -- \"$current\")); return ;;\n"
        }
        text +=
            "        --socket|--token-file|--repo) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n    esac\n"
        text += "    case \"$command\" in\n        \"\") words=\"\(names)\" ;;\n"
        for command in CommandTable.commands {
            let flags = options(of: command).map { "--\($0.long)" }
            text +=
                "        \(command.name)) words=\"\((words(for: command) + flags).joined(separator: " "))\" ;;\n"
        }
        return text + """
                esac
                COMPREPLY=($(compgen -W "$words" -- "$current"))
                case "$command" in validate|render) COMPREPLY+=($(compgen -f -- "$current")) ;; esac
            }
            complete -o filenames -F _slipway slipway

            """
    }

    private static func zsh() -> String {
        var text = "#compdef slipway\n_slipway() {\n    local -a commands\n    commands=(\n"
        for command in CommandTable.commands {
            text += "        '\(command.name):\(quoted(command.summary))'\n"
        }
        text +=
            "    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n"
        text += "    case \"${words[2]}\" in\n"
        for command in CommandTable.commands {
            text += "        \(command.name)) _arguments \\\n"
            for option in options(of: command) {
                let action =
                    option.value.map { value in
                        let choice =
                            option.allowed.isEmpty ? " " : "(\(option.allowed.joined(separator: " ")))"
                        return ":\(value):\(option.allowed.isEmpty && isPath(option) ? "_files" : choice)"
                    } ?? ""
                text += "            '--\(option.long)[\(quoted(option.help))]\(action)' \\\n"
            }
            let fixed = words(for: command)
            let rest = fixed.isEmpty ? "_files" : "(\(fixed.joined(separator: " ")))"
            text += "            '*::\(command.arguments.first?.name ?? "ARGUMENT"):\(rest)' ;;\n"
        }
        return text + "    esac\n}\ncompdef _slipway slipway\n"
    }

    private static func fish() -> String {
        var text = "# fish completion of slipway\ncomplete -c slipway -f\n"
        for command in CommandTable.commands {
            text +=
                "complete -c slipway -n __fish_use_subcommand -a \(command.name) -d '\(quoted(command.summary))'\n"
        }
        for command in CommandTable.commands {
            let condition = "-n '__fish_seen_subcommand_from \(command.name)'"
            for option in command.options { text += fishLine(option, condition) }
            let fixed = words(for: command)
            if !fixed.isEmpty {
                text += "complete -c slipway \(condition) -a '\(fixed.joined(separator: " "))'\n"
            }
            if command.name == "validate" || command.name == "render" {
                text += "complete -c slipway \(condition) -F\n"
            }
        }
        for option in CommandTable.globalOptions { text += fishLine(option, "") }
        return text
    }

    private static func fishLine(_ option: CommandDescription.Option, _ condition: String) -> String {
        var line = "complete -c slipway"
        if !condition.isEmpty { line += " \(condition)" }
        line += " -l \(option.long)"
        if let short = option.short { line += " -s \(short)" }
        if option.value != nil { line += isPath(option) ? " -r -F" : " -x" }
        if !option.allowed.isEmpty { line += " -a '\(option.allowed.joined(separator: " "))'" }
        return line + " -d '\(quoted(option.help))'\n"
    }

    private static func isPath(_ option: CommandDescription.Option) -> Bool { option.value == "PATH" }

    /// Inside single quotes of a shell, and inside zsh's `[…]` and `name:text`.
    private static func quoted(_ text: String) -> String {
        String(text.map { "'[]:\\$`\"".contains($0) ? " " : $0 })
    }
}
