/// All commands. Help, `docs/cli.md`, the completions and the parser are made from this table.
enum CommandTable {
    typealias Argument = CommandDescription.Argument
    typealias Option = CommandDescription.Option
    typealias Example = CommandDescription.Example

    static let commands: [CommandDescription] =
        looking + [cron] + workTree + [importing] + changing + sessions + access + [notices] + backup + other

    static func command(_ name: String) -> CommandDescription? { commands.first { $0.name == name } }

    /// Taken by every command.
    static let globalOptions: [Option] = [
        Option(
            "output", short: "o", value: "FORMAT", allowed: OutputFormat.allCases.map(\.rawValue),
            "how the result is written: table (for people), wide, json, yaml, text or markdown"),
        Option(
            "socket", value: "PATH",
            "the controller's socket; default $SLIPWAY_SOCKET, else \(Defaults.socket)"),
        Option(
            "server", value: "URL", "the controller's address instead of a socket; default $SLIPWAY_SERVER"),
        Option("token-file", value: "PATH", "file with the token for --server; default $SLIPWAY_TOKEN_FILE"),
        Option("no-color", "no colour, as with NO_COLOR set or when the output is not a terminal"),
        Option("help", short: "h", "show this help")
    ]

    static let generalExits: [String] = [
        "0: done; for a state: converged",
        "1: in progress, or the command failed on this side",
        "2: degraded or rolled back",
        "3: held for a person",
        "4: the controller cannot be reached",
        "5: the controller refused the request",
        "64: the command line is wrong"
    ]

    private static let app = Argument("APP", "the app's name")
    private static let optionalApp = Argument("APP", optional: true, "one app only")
    private static let source = Option("source", value: "NAME", "one source only")
    private static let wait = [
        Option("wait", "follow until the state is final, and exit with its code"),
        Option("timeout", value: "TIME", "with --wait: how long to follow, such as 90s or 15m; default 30m")
    ]
    private static let waitNote =
        "With --wait the command follows the app until it is converged, rolled back, held or invalid, and exits with "
        + "the code of that state."

    private static let looking: [CommandDescription] = [
        CommandDescription(
            name: "status", summary: "Show how the apps are doing",
            details: [
                "The first line is the verdict. An app whose wanted release does not run always says because of what.",
                "With --watch the view is kept up to date: redrawn on a terminal, one line per change elsewhere. It ends "
                    + "when the app, or without APP every app, has reached a final state; a rollback on the way is "
                    + "followed to its end."
            ],
            arguments: [optionalApp],
            options: [
                Option("watch", short: "w", "follow until the state is final"),
                Option(
                    "timeout", value: "TIME",
                    "with --watch: how long to follow, such as 90s or 15m; default no limit")
            ],
            examples: [
                Example("slipway status", "all apps, the verdict first"),
                Example("slipway status shop --watch", "follow a deploy of shop to its end"),
                Example("slipway status -o json", "the same for a program")
            ]),
        CommandDescription(
            name: "why", summary: "Say why an app is not as wanted",
            details: ["Prints the whole chain of what is in the way, each with the command that clears it."],
            arguments: [app], examples: [Example("slipway why mail", "what keeps mail from its new release")]),
        CommandDescription(
            name: "doctor", summary: "Find what is wrong with the installation itself",
            details: [
                "Looks at the engine, the sources, the edge and its certificates, the store and what is not Slipway's, and"
                    + " says of each whether it is well. Apps are the business of `slipway status`."
            ],
            examples: [Example("slipway doctor", "every part of the installation, and what to do about it")],
            exits: ["0: all is well", "2: something is not, and is named"]),
        CommandDescription(
            name: "history", summary: "List rollouts, newest first", arguments: [optionalApp],
            options: [Option("limit", value: "N", "how many; default 20, at most 1000")],
            examples: [
                Example(
                    "slipway history shop", "releases of shop, how each ended, and the evidence of failures"),
                Example("slipway history --limit 5", "the last five rollouts of all apps")
            ]),
        CommandDescription(
            name: "diff", summary: "Show what differs between two releases",
            details: [
                "Without releases: from what runs to what git wants. With one: from it to what git wants."
            ],
            arguments: [
                app, Argument("FROM", optional: true, "a release such as v41"),
                Argument("TO", optional: true, "a release such as v42")
            ],
            examples: [
                Example("slipway diff shop", "what the rollout of shop changes"),
                Example("slipway diff shop v41 v42", "between two releases")
            ]),
        CommandDescription(
            name: "trace", summary: "Say where a container comes from",
            arguments: [Argument("CONTAINER", "a container's name, its id, or the beginning of its id")],
            examples: [Example("slipway trace shop-web-v42-1", "container → release → commit → file")]),
        CommandDescription(
            name: "logs", summary: "Show the log lines of an app's instances, or of a job", arguments: [app],
            options: [
                Option("follow", short: "f", "go on with new lines as they come"),
                Option("process", value: "NAME", "one process only"),
                Option(
                    "job", value: "NAME",
                    "a job's newest run instead: `release` is the release command"),
                Option("run", value: "RUN", "with --job: this run, such as v42.1"),
                Option("since", value: "TIME", "lines of the last such time only, such as 10m"),
                Option("tail", value: "N", "so many last lines of each instance; default 100, at most 10000")
            ],
            examples: [
                Example("slipway logs shop -f", "follow all instances of shop"),
                Example(
                    "slipway logs shop --process worker --since 10m", "the last ten minutes of the workers"),
                Example("slipway logs shop --job release -f", "the release command, while it runs")
            ]),
        CommandDescription(
            name: "events", summary: "Show what the controller has seen and done",
            options: [
                Option("follow", short: "f", "go on with new events as they come"),
                Option("after", value: "N", "events after this number only")
            ],
            examples: [
                Example("slipway events -f", "follow"),
                Example("slipway events -o json", "one JSON object per line, for a program")
            ])
    ]

    private static let workTree: [CommandDescription] = [
        CommandDescription(
            name: "plan", summary: "Say what a commit or a work tree would change",
            details: [
                "Nothing is changed. With --repo the files of a work tree are sent as they lie there, committed or not; "
                    + "else the controller reads the commit itself.",
                "-o markdown is the text of a pull-request comment."
            ],
            options: [
                Option("repo", value: "PATH", "send the files of this work tree"),
                Option(
                    "head", value: "REV",
                    "the branch, or the full id of a commit, to plan; default: the source's branch"),
                Option(
                    "base", value: "REV", "leave out what differs from the live state in this one already"),
                source
            ],
            examples: [
                Example("slipway plan", "what the controller would do for the branch as it is now"),
                Example("slipway plan --repo .", "what this work tree would do"),
                Example("slipway plan --head shop-1.5 -o markdown", "as a pull-request comment"),
                Example("slipway plan --base main --head shop-1.5", "only what the branch itself changes")
            ],
            exits: ["0: no change", "1: error, or a spec that is not valid", "2: there are changes"]),
        CommandDescription(
            name: "validate", summary: "Check specs without a controller",
            details: [
                "Prints every finding with its place and a caret. A directory is searched for *.yaml and *.yml."
            ],
            arguments: [Argument("PATH", optional: true, "a file or a directory; default: here")],
            options: [Option("project", value: "NAME", "the source's default project; default 'default'")],
            examples: [
                Example("slipway validate", "all specs below this directory"),
                Example("slipway validate apps/shop.yaml", "one file")
            ],
            exits: ["0: all specs are valid", "1: at least one is not"]),
        CommandDescription(
            name: "render", summary: "Print specs in normal form, without a controller",
            details: [
                "What is printed is what a release is made of: sugar removed, bases merged, files read."
            ],
            arguments: [
                Argument("PATH", "a file or a directory"), Argument("APP", optional: true, "one app only")
            ],
            options: [Option("project", value: "NAME", "the source's default project; default 'default'")],
            examples: [
                Example("slipway render . shop", "the normal form of shop"),
                Example("slipway render apps/shop.yaml -o json", "the same as JSON")
            ],
            exits: ["0: rendered", "1: a spec is not valid, or there is no such app"]),
        simulate, secrets
    ]

    private static let simulate = CommandDescription(
        name: "simulate", summary: "Show step by step what a commit would do, without a controller",
        details: [
            "The real planner and controller run in a simulated world: no engine, no network, no daemon. The installation "
                + "first converges on the state before; then the commit arrives, and everything that happens is printed "
                + "with its time.",
            "`good`: every new release is healthy. `bad`: none becomes healthy; where an analysis looks at answers, they "
                + "are errors. `registry`: the registry is away for 10 minutes. `host`: the host reboots in the middle. "
                + "`all` tells the good one in full and the others in short.",
            "How long pulls and starts take is assumed, and stated at the end. Where a person would be asked, the "
                + "simulation says so and goes on. What the deletion brake holds stays held."
        ],
        arguments: [
            Argument("PATH", optional: true, "a directory of a git repository, or any other; default: here")
        ],
        options: [
            Option(
                "commit", value: "REV",
                "the commit that arrives; default HEAD. WORKTREE: the files as they are on disk"),
            Option(
                "base", value: "REV",
                "the state before; default: the commit's first parent, for WORKTREE: HEAD. none: nothing runs"
            ),
            Option("app", value: "NAME", "show one app only; all are simulated"),
            Option(
                "what", value: "SCENARIO", allowed: ["good", "bad", "registry", "host", "all"],
                "what happens: good, bad, registry, host or all; default all"),
            Option("project", value: "NAME", "the source's default project; default 'default'")
        ],
        examples: [
            Example("slipway simulate", "what the last commit does"),
            Example(
                "slipway simulate --commit WORKTREE", "what would happen if all of this were committed now"),
            Example("slipway simulate --what bad --app shop", "how a bad release of shop goes back"),
            Example("slipway simulate . --base v1.0 -o json", "all changes since a tag, for a program")
        ],
        exits: [
            "0: with healthy releases everything is deployed", "1: error, or a spec that is not valid",
            "2: even with healthy releases something is held, waits or does not come to rest"
        ])

    private static let changing: [CommandDescription] = [
        CommandDescription(
            name: "sync", summary: "Fetch now instead of at the next poll",
            details: ["With --wait the command follows until every app has reached a final state."],
            options: [source] + wait,
            examples: [
                Example("slipway sync --wait", "fetch, deploy, and fail if anything does not converge")
            ]),
        CommandDescription(
            name: "retry", summary: "Try a release again that failed",
            details: ["Lifts the quarantine. " + waitNote],
            arguments: [app], options: wait,
            examples: [Example("slipway retry mail --wait", "after the cause outside the release is mended")]),
        CommandDescription(
            name: "rollback", summary: "Go back to an earlier release",
            details: [
                "Without a release: to the last good one before the wanted one. The app stays there, held, until its "
                    + "spec changes in git, or `slipway retry`. " + waitNote
                    + " Having reached the release is success here."
            ],
            arguments: [app, Argument("RELEASE", optional: true, "a release such as v41")], options: wait,
            examples: [
                Example("slipway rollback shop", "to the last good release"),
                Example("slipway rollback shop v41 --wait", "to v41, and wait until it runs")
            ]),
        CommandDescription(
            name: "abort", summary: "Stop a rollout and go back to the last good release",
            details: [waitNote],
            arguments: [app], options: wait,
            examples: [Example("slipway abort shop", "stop the rollout of shop")]),
        CommandDescription(
            name: "promote", summary: "End the wait of a rollout's present step",
            details: [
                "A step of a canary, or a blue-green switch, waits while it bakes, for requests to judge it by, or for an "
                    + "approval. This ends that wait now. With --full it ends those of all steps to come as well.",
                "No step goes on before its instances are proven healthy, and a release that fails is rolled back, "
                    + "promoted or not. " + waitNote
            ],
            arguments: [app],
            options: [Option("full", "all remaining steps, not the present one alone")] + wait,
            examples: [
                Example("slipway promote shop", "on to the next step, without the rest of the bake"),
                Example("slipway promote shop --full --wait", "all the way, and wait for the end")
            ]),
        CommandDescription(
            name: "approve", summary: "Let through what is held for approval",
            details: [
                "With a commit: removals of it that the deletion brake holds, and deploys of it that wait because of "
                    + "`approval: before_deploy`. With an app: its deploy, or its promotion with `approval: "
                    + "before_promote`. " + waitNote
            ],
            arguments: [
                Argument("COMMIT|APP", "a commit, by at least its first seven digits, or an app's name")
            ], options: wait,
            examples: [
                Example("slipway approve 4f2c1e9", "the commit that `slipway status` names"),
                Example(
                    "slipway approve shop --wait", "the deploy or promotion of shop, and wait for its end")
            ]),
        CommandDescription(
            name: "pause", summary: "Leave an app as it is until `resume`", arguments: [app],
            examples: [Example("slipway pause shop", "no rollout, no repair, no removal")]),
        CommandDescription(
            name: "resume", summary: "Take a paused app up again", details: [waitNote], arguments: [app],
            options: wait,
            examples: [Example("slipway resume shop --wait", "and wait until it is as git wants it")])
    ]

    private static let other: [CommandDescription] = [
        CommandDescription(
            name: "completion", summary: "Print a shell's completion script",
            arguments: [Argument("SHELL", "bash, zsh or fish")],
            examples: [
                Example("slipway completion bash > /etc/bash_completion.d/slipway", "for bash"),
                Example("slipway completion fish > ~/.config/fish/completions/slipway.fish", "for fish")
            ]),
        CommandDescription(
            name: "version", summary: "Print the version of this program",
            examples: [Example("slipway version", "a single line")]),
        CommandDescription(
            name: "help", summary: "Explain a command",
            arguments: [Argument("COMMAND", optional: true, "the command; without: an overview")],
            examples: [Example("slipway help plan", "the same as slipway plan --help")])
    ]
}

/// How a result is written.
enum OutputFormat: String, Sendable, Hashable, CaseIterable {
    case table, wide, json, yaml, text, markdown
}

enum Defaults {
    static let socket = "/run/slipway/slipway.sock"
    static let stateDirectory = "/var/lib/slipway"
    static let configurationDirectory = "/etc/slipway"
    static let configuration = "/etc/slipway/slipway.yaml"
}
