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
                Option("instance", value: "NAME", "this instance, as `slipway status APP` shows it")
            ] + streams,
            examples: [
                Example("slipway exec shop -- sh", "a shell beside the app"),
                Example("slipway exec shop/worker -- printenv RAILS_ENV", "of another process"),
                Example("slipway exec db -i -- psql -U app < fix.sql", "the standard input goes to psql"),
                Example("slipway exec db -- pg_dump app > app.sql", "the output comes as it is")
            ], exits: sessionExits),
        CommandDescription(
            name: "run", summary: "Run a command once, in a container of its own",
            details: [
                "The container is made of the app's last good release, with the environment, files, secrets, volumes and "
                    + "limits of the process, gets no requests, and is removed when the command has ended. The command's exit "
                    + "code is this program's. Terminal and streams are as with `slipway exec`. If the connection is lost the "
                    + "command is stopped.",
                "With --detach it goes on by itself; --list shows it, `slipway logs APP --job run` what it writes. The last three "
                    + "that have ended are kept for a day. A run is stopped after a day, or a week if somebody is joined to it, unless "
                    + "--timeout says another time.",
                "It takes the role operator, and stands in the audit log with the program's name, without its arguments."
            ],
            arguments: [
                Argument(
                    "APP[/PROCESS]", "the app, and the process to borrow from; default `web`, or the first"),
                Argument("COMMAND…", optional: true, rest: true, "the program and its arguments")
            ],
            options: [
                Option("process", value: "NAME", "borrow from this process; the same as APP/NAME"),
                Option("detach", short: "d", "do not wait for it"),
                Option(
                    "timeout", value: "TIME", "stop it after this time, such as 90s or 2h; at most 30 days"),
                Option("list", "show the app's runs and change nothing")
            ] + streams,
            examples: [
                Example("slipway run shop -- bin/migrate --dry-run", "and end with its exit code"),
                Example("slipway run shop -- sh", "a shell in a container of its own"),
                Example(
                    "slipway run shop/worker --detach --timeout 2h -- bin/reindex",
                    "and go on with other things"),
                Example("slipway run shop --list", "what runs, and how the last ones ended")
            ],
            exits: sessionExits + ["124: it did not end within its time and was stopped"])
    ]

    private static let streams = [
        Option("stdin", short: "i", "pass the standard input on"),
        Option("tty", short: "t", "give the command a terminal, also where there is none here"),
        Option("no-tty", short: "T", "give it none, also where there is one here")
    ]

    static let sessionExits = [
        "the command's own, where it ran", "125: Slipway could not run it, or lost it, and says why",
        "126: it is there and cannot be run", "127: there is no such command",
        "64: the command line is wrong"
    ]
}
