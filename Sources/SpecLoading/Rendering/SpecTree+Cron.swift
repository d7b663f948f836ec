internal import Model

extension SpecTree {
    /// As the file has them; or by name, so that a change of one entry shows as a change of that entry.
    static func addCron(_ entries: [CronSpec], _ style: FileStyle, to map: inout Entries) {
        switch style {
        case .path:
            if !entries.isEmpty {
                map.add(
                    "cron",
                    .list(
                        entries.map { entry in
                            .map([(key: "name", value: .text(entry.name.rawValue))] + cron(entry))
                        }))
            }
        case .digest:
            map.addMap("cron", entries.map { ($0.name.rawValue, .map(cron($0))) })
        }
    }

    private static func cron(_ entry: CronSpec) -> [(key: String, value: SpecTree)] {
        var map = Entries()
        map.addText("schedule", entry.schedule)
        map.addText("timezone", entry.timezone)
        map.addNames("command", entry.command)
        map.addText("process", entry.process?.rawValue)
        map.addTime("timeout", entry.timeout)
        map.addText("overlap", entry.overlap?.rawValue)
        map.addNumber("retries", entry.retries)
        map.addTime("missed_run_window", entry.missedRunWindow)
        return map.all
    }
}
