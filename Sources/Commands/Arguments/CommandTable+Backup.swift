extension CommandTable {
    private static let stateDirectory = Option(
        "state-dir", value: "DIR",
        "the controller's state directory; default: what the configuration says, else "
            + Defaults.stateDirectory)
    private static let force = Option("force", "write over what is there")

    static let backup: [CommandDescription] = [
        CommandDescription(
            name: "backup",
            summary: "Save the controller's own state: store, certificates, keys, configuration",
            details: [
                "Made on the controller's machine, which may go on working: the store is copied as it is at one moment. Mirrors "
                    + "of repositories and what the edge keeps are left out, as they are made anew. Of the files that the "
                    + "configuration names, those below its own directory are saved; others are listed.",
                "The file holds every key and token: it is readable by its owner only, and should be kept encrypted elsewhere."
            ],
            arguments: [Argument("FILE", "where the backup goes, such as slipway.tar")],
            options: [
                stateDirectory,
                Option(
                    "config", value: "FILE",
                    "the controller's configuration; default \(Defaults.configuration)"),
                force
            ],
            examples: [
                Example("slipway backup /srv/backup/slipway.tar", "of the installation on this machine")
            ],
            exits: ["0: saved", "1: not saved"]),
        CommandDescription(
            name: "restore", summary: "Put a backup of the controller's state back",
            details: [
                "Everything in it is checked against its manifest before anything is written. A controller that runs on the "
                    + "state directory is refused; so is a directory that is not empty, unless --force is given: then the store "
                    + "that is there is set aside.",
                "Start the controller afterwards: it catches up with what really runs and with git, and restarts nothing that is "
                    + "healthy."
            ],
            arguments: [Argument("FILE", "the backup")],
            options: [
                Option(
                    "state-dir", value: "DIR",
                    "where the state goes; default: what the configuration in the backup says"),
                Option(
                    "config-dir", value: "DIR",
                    "where the configuration goes; default: /etc/slipway"),
                Option("state-only", "leave the configuration as it is on this machine"),
                Option("check", "check the backup and say what would be written"), force
            ],
            examples: [
                Example(
                    "slipway restore slipway.tar --check", "whether the backup is whole, and what is in it"),
                Example("slipway restore slipway.tar", "on a new machine, before slipwayd is started")
            ],
            exits: ["0: restored, or with --check: whole", "1: nothing was restored"])
    ]
}
