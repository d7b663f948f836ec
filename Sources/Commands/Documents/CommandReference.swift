/// `docs/cli.md`, from the table.
enum CommandReference {
    static func markdown() -> String {
        var text = """
            # The command line

            This page is made from the table of commands in `Sources/Commands`; a test keeps it up to date.
            `slipway help COMMAND` prints the same.

            The command line talks to the controller over its Unix socket (`--socket`, `$SLIPWAY_SOCKET`), or over HTTP
            with a token (`--server`, `$SLIPWAY_SERVER`, and `--token-file`, `$SLIPWAY_TOKEN_FILE`). Results go to the
            standard output, complaints to the standard error. Colour and redrawing happen on a terminal only, and
            `NO_COLOR` turns colour off. Where the locale is not UTF-8, plain ASCII is written.


            """
        text += "## Commands\n\n| command | |\n|---|---|\n"
        for command in CommandTable.commands {
            text += "| [`\(command.name)`](#\(command.name)) | \(command.summary) |\n"
        }
        text += "\n## Options of every command\n\n" + options(CommandTable.globalOptions)
        text += "\n## Exit codes\n\n" + exits(CommandTable.generalExits)
        for command in CommandTable.commands { text += "\n" + section(command) }
        return text
    }

    private static func section(_ command: CommandDescription) -> String {
        var text = "## `\(command.name)`\n\n\(command.summary).\n\n```\n\(command.usage)\n```\n"
        for paragraph in command.details {
            text += "\n" + TextWidth.wrap(paragraph, width: 110).map { $0 + "\n" }.joined()
        }
        if !command.arguments.isEmpty {
            text += "\n" + command.arguments.map { "- `\($0.name)`: \($0.help)\n" }.joined()
        }
        if !command.options.isEmpty { text += "\n" + options(command.options) }
        if !command.exits.isEmpty { text += "\nExit codes:\n\n" + exits(command.exits) }
        text += "\n```sh\n"
        for example in command.examples { text += "\(example.line)  # \(example.says)\n" }
        return text + "```\n"
    }

    private static func options(_ options: [CommandDescription.Option]) -> String {
        options.map { "- `\($0.usage)`: \($0.help)\n" }.joined()
    }

    private static func exits(_ exits: [String]) -> String { exits.map { "- \($0)\n" }.joined() }
}
