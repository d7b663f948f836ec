extension CommandTable {
    static let cronActions = ["list", "history", "run", "logs"]

    static let cron = CommandDescription(
        name: "cron", summary: "Look at commands that are run by the clock, and run one now",
        details: [
            "list shows the cron entries of the apps' last good releases: when each is due next, what runs, and how the last "
                + "run ended.",
            "history lists the runs of an app that are over, newest first: the last 20 of each entry.",
            "run runs an entry now, once, whatever its schedule; its `overlap` counts as for any other run.",
            "logs shows what a run has said: the newest, or the one that --run names. The containers of the last three runs "
                + "that went well and of the last three that did not are kept for that."
        ],
        arguments: [
            Argument("ACTION", "list, history, run or logs"),
            Argument("APP", optional: true, "the app's name; of list: one app only"),
            Argument("NAME", optional: true, "the entry's name; of history: one entry only")
        ],
        options: [
            Option("run", value: "ID", "of logs: a run as history names it, such as 20261126T0300Z"),
            Option("follow", short: "f", "of logs: go on with new lines as they come"),
            Option("since", value: "TIME", "of logs: lines of the last such time only, such as 10m"),
            Option("tail", value: "N", "of logs: so many last lines; default 100, at most 10000"),
            Option("limit", value: "N", "of history: how many; default 20, at most 1000")
        ],
        examples: [
            Example("slipway cron list", "all entries, when they are due, and how they last ended"),
            Example("slipway cron history shop nightly", "the last runs of one entry"),
            Example("slipway cron run shop nightly", "now, once"),
            Example("slipway cron logs shop nightly --run 20261126T0300Z", "what that run has said")
        ])
}
