internal import Model

extension SpecDecoder {
    /// The commands that are run by the clock, sorted by name; `nil` where there are none.
    func cron(_ field: Field?, processes: [ProcessSpec]) -> [CronSpec]? {
        var names = Set(processes.map(\.name))
        var entries: [CronSpec] = []
        for item in list(field, limit: 64) ?? [] {
            guard let fields = fields(item, "cron[]"), let entry = cronEntry(fields, processes) else {
                continue
            }
            if !names.insert(entry.name).inserted {
                error(
                    "duplicate_item",
                    "`\(entry.name)` is the name of another process or cron entry; choose another",
                    at: fields.mark(of: "name"), fields.path(of: "name"))
            }
            entries.append(entry)
        }
        return entries.isEmpty ? nil : entries.sorted { $0.name < $1.name }
    }

    private func cronEntry(_ fields: Fields, _ processes: [ProcessSpec]) -> CronSpec? {
        let name = cronName(require(fields, "name"))
        let schedule = schedule(require(fields, "schedule"))
        let timezone = timezone(fields["timezone"])
        let command = command(require(fields, "command"))
        let timeout = duration(fields["timeout"], from: .seconds(1), to: .minutes(24 * 60))
        let overlap = choice(fields["overlap"], CronSpec.Overlap.self)
        let retries = integer(fields["retries"], in: SpecRange.cronRetries)
        let window = duration(fields["missed_run_window"], from: .zero, to: .minutes(7 * 24 * 60))
        let process = jobProcess(fields, processes: processes)
        guard let name, let schedule, let command else { return nil }
        return CronSpec(
            name: name, schedule: schedule, timezone: timezone, command: command, timeout: timeout,
            overlap: overlap, retries: retries, missedRunWindow: window, process: process)
    }

    /// Containers of release commands and of single runs go by these names.
    private static let takenNames = ["release", "run"]

    private func cronName(_ field: Field?) -> ProcessName? {
        let name = name(field, ProcessName.self)
        if let field, let name, Self.takenNames.contains(name.rawValue) {
            error(
                "reserved_name", "`\(name)` is what another kind of job is called; choose another name",
                at: field.mark, field.path)
        }
        return name
    }

    /// Checked, and with one space between two fields.
    private func schedule(_ field: Field?) -> String? {
        guard let field, let text = text(field, wanted: "five fields as in crontab, such as `0 3 * * *`")
        else { return nil }
        do {
            _ = try CronSchedule(parsing: text)
            return text.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
        } catch {
            self.error(
                "bad_schedule", "`\(field.path)` is not a schedule such as `0 3 * * *`: \(error.message)",
                at: field.mark, field.path)
            return nil
        }
    }

    private func timezone(_ field: Field?) -> String? {
        let wanted = "a time zone such as `Europe/Berlin`"
        guard let field, let name = checked(field, "bad_timezone", wanted: wanted, Grammar.timezone) else {
            return nil
        }
        guard let zones, name != "UTC", !zones.contains(name) else { return name }
        let meant = Suggestions.nearest(toZone: name, among: zones).map { "; did you mean `\($0)`?" } ?? ""
        error(
            "bad_timezone", "`\(field.path)`: there is no time zone `\(Printable.text(name))`\(meant)",
            at: field.mark, field.path)
        return nil
    }
}

extension Suggestions {
    /// The zone that may have been meant: a city without its continent, another spelling, or a typing error.
    static func nearest(toZone name: String, among zones: ZoneNames) -> String? {
        let plain = name.lowercased()
        let city = plain.split(separator: "/").last.map(String.init) ?? plain
        return zones.all.first { $0.lowercased() == plain }
            ?? zones.all.first { $0.lowercased().hasSuffix("/\(city)") }
            ?? nearest(to: name, among: zones.all)
    }
}
