extension CommandTable {
    static let sessions: [CommandDescription] = [
        CommandDescription(
            name: "exec", summary: "Run a command in a running instance",
            details: [
                "The command runs beside the app, with its environment, files and secrets, in a ready instance of the process: "
                    + "`web`, or the only one, unless another is named. Its exit code is this program's.",
                "On a terminal the command gets one too, and keys, Ctrl-C among them, and the window's size go there. Elsewhere "
                    + "its output and its errors stay apart and come as they are, and its input is empty unless -i is given.",
                "If the connection is lost the command is told so by SIGHUP. It takes the role operator; who ran which "
                    + "program where is in the audit log, without its arguments."
            ],
            arguments: [
                Argument("APP[/PROCESS]", "the app, and whose instance"),
                Argument("COMMAND…", rest: true, "the program and its arguments")
            ],
            options: [
                Option("instance", value: "NAME", "this instance, as `slipway status APP` shows it"),
                Option("stdin", short: "i", "pass the standard input on"),
                Option("tty", short: "t", "give the command a terminal, also where there is none here"),
                Option("no-tty", short: "T", "give it none, also where there is one here")
            ],
            examples: [
                Example("slipway exec shop -- sh", "a shell beside the app"),
                Example("slipway exec shop/worker -- printenv RAILS_ENV", "of another process"),
                Example("slipway exec db -i -- psql -U app < fix.sql", "the standard input goes to psql"),
                Example("slipway exec db -- pg_dump app > app.sql", "the output comes as it is")
            ], exits: sessionExits)
    ]

    static let sessionExits = [
        "the command's own, where it ran", "125: Slipway could not run it, or lost it, and says why",
        "126: it is there and cannot be run", "127: there is no such command",
        "64: the command line is wrong"
    ]
}
