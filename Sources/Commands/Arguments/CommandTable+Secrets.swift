extension CommandTable {
    static let secretActions = ["keygen", "encrypt", "edit", "rotate", "list"]

    static let secrets = CommandDescription(
        name: "secrets", summary: "Make keys, and encrypt, edit, rotate and list the secrets of a work tree",
        details: [
            "`keygen FILE` writes a new identity into a file that is not there yet, mode 0600, and prints its recipient.",
            "`encrypt NAME` reads a value from the standard input, or asks for it without showing it, and puts it "
                + "encrypted into the app's file of secrets. A line end at the end of the input is left out, unless "
                + "--exact is given.",
            "`edit FILE` opens the values in $VISUAL or $EDITOR, in memory and never on a disk, and encrypts anew those "
                + "that were changed.",
            "`rotate` encrypts every value anew for the recipients of --to: of FILE, or of all files of secrets below this "
                + "directory, with --project those of its apps. The values stay, so nothing is rolled out.",
            "`list` shows the names in each file, for whom they are, which apps want them, and what is missing or unused.",
            "For whom a file's values are stands in its comments `# recipient: age1…`. `rotate` changes them."
        ],
        arguments: [
            Argument("ACTION", secretActions.joined(separator: ", ")),
            Argument(
                "WHAT", optional: true,
                "a file, or for encrypt the secret's name; for list and rotate: default here")
        ],
        options: [
            Option("app", value: "APP", "encrypt: for this app, into the file that its spec names"),
            Option("file", value: "PATH", "encrypt: into this file"),
            Option("to", value: "RECIPIENTS", "age1…, several with commas; default: those of the file"),
            Option(
                "identity", short: "i", value: "PATH",
                "edit, rotate: file with the keys that open the values; default $SLIPWAY_IDENTITY"),
            Option(
                "project", value: "NAME",
                "rotate: only the apps of this project; list: the source's default project"),
            Option("exact", "encrypt: keep a line end at the end of the input")
        ],
        examples: [
            Example("slipway secrets keygen key.txt", "a key; its recipient is printed"),
            Example("slipway secrets encrypt STRIPE_KEY --app shop --to age1…", "asks for the value"),
            Example("slipway secrets edit shop.secrets.yaml -i key.txt", "all values of a file"),
            Example("slipway secrets rotate --to age1… -i key.txt", "a new key for everything below"),
            Example("slipway secrets list -o json", "what is there, for a program")
        ],
        exits: ["0: done; for list: every secret that is wanted is there", "1: it failed, or one is missing"])
}
