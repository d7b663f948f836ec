extension CommandTable {
    static let notices = CommandDescription(
        name: "notices", summary: "Send a test notice",
        details: [
            "Sends a notice through every channel of the controller's configuration, or one of them, and says of each whether "
                + "it was taken. docs/notices.md has the channels."
        ],
        arguments: [
            Argument("ACTION", "test"), Argument("CHANNEL", optional: true, "one channel only; default: all")
        ],
        examples: [
            Example("slipway notices test", "through all channels"),
            Example("slipway notices test ops", "through the channel ops")
        ],
        exits: ["0: every channel has taken it", "2: one has not, and it is said why"])
}
