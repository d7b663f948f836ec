internal import Model

extension CommandTable {
    static let access: [CommandDescription] = [
        CommandDescription(
            name: "token", summary: "Give, list and take away tokens for the API",
            details: [
                "create NAME makes a token and prints it, this once: it is kept as a digest. Without --project it is good "
                    + "for all projects. You can give no more than you have: it takes the role admin in each of them.",
                "list shows what there is, 30 days beyond its end. revoke takes a token away at once, by its id or its "
                    + "name; it ends its open streams as well.",
                "Roles: viewer looks and plans; developer also reads logs, fetches and retries; operator also rolls "
                    + "back, aborts, promotes, approves, pauses and runs commands; admin also manages tokens and reads the audit log."
            ],
            arguments: [
                Argument("ACTION", "create, list or revoke"),
                Argument("NAME|ID", optional: true, "the name of a new token; of revoke: its id or name")
            ],
            options: [
                Option(
                    "role", value: "ROLE", allowed: Role.allCases.map(\.rawValue),
                    "of create: viewer, developer, operator or admin"),
                Option("project", value: "NAMES", "of create: these projects only, such as retail,press"),
                Option(
                    "expires", value: "TIME",
                    "of create: how long it is good for, such as 12h or 30d; default 90d")
            ],
            examples: [
                Example(
                    "slipway token create ci --role developer --project retail", "a token for a pipeline"),
                Example("slipway token list", "whose tokens are good, and until when"),
                Example("slipway token revoke ci", "shut it out at once")
            ]),
        CommandDescription(
            name: "audit", summary: "Show who changed or tried what, newest first",
            details: [
                "What was done, what failed, and what was refused; the latter thinned out where somebody keeps trying."
            ],
            options: [
                Option("app", value: "NAME", "one app only"),
                Option("project", value: "NAME", "one project only"),
                Option("actor", value: "TEXT", "who has this in their name only"),
                Option("since", value: "TIME", "of the last such time only, such as 24h or 7d"),
                Option("limit", value: "N", "how many; default 50, at most 1000")
            ],
            examples: [
                Example("slipway audit --app shop", "who has touched shop"),
                Example("slipway audit --since 7d --actor anna -o json", "for a program")
            ]),
        CommandDescription(
            name: "whoami", summary: "Show who the controller takes you for, and what you may do",
            examples: [Example("slipway whoami", "your name and your roles")])
    ]
}
