extension CommandTable {
    static let importing = CommandDescription(
        name: "import", summary: "Write specs from a Compose file, a Procfile or Kamal's deploy.yml",
        details: [
            "Each service of a Compose file, and each accessory of Kamal, becomes an app of its own; the processes of a "
                + "Procfile and the roles of Kamal become processes of one app. Whatever has no counterpart is listed with its "
                + "place and with what is to be done about it.",
            "What looks like a secret is named in `secrets`, and its value is not written down. Variables of Compose are "
                + "filled in from `.env` beside the file and from their defaults, never from the environment.",
            "Without --to nothing is written, and the report says what would be. -o yaml prints the specs, and the report "
                + "goes to standard error; -o json is all of it for a program."
        ],
        arguments: [
            Argument("KIND", "compose, procfile or kamal"),
            Argument("PATH", "the Compose file, the directory of the Procfile, or deploy.yml")
        ],
        options: [
            Option("to", value: "DIR", "write the specs, and the files that they name, into this directory"),
            Option("force", "with --to: write over files that are there"),
            Option(
                "project", value: "NAME", "the project of the specs; default: the name in the Compose file"),
            Option("image", value: "IMAGE", "procfile: the image that holds the app"),
            Option("name", value: "NAME", "procfile: what the app is called; default: the directory's name"),
            Option("destination", value: "NAME", "kamal: lay deploy.NAME.yml over the file")
        ],
        examples: [
            Example("slipway import compose compose.yaml", "what would become of it"),
            Example("slipway import compose compose.yaml --to apps", "write one spec per service into apps"),
            Example(
                "slipway import procfile . --image ghcr.io/team/shop:1.0 --to apps", "an app from a Procfile"),
            Example(
                "slipway import kamal config/deploy.yml --destination production -o yaml", "print the specs")
        ],
        exits: [
            "0: everything has a counterpart", "1: it cannot be read or written",
            "2: there is something to do first, and it is listed"
        ])
}
