internal import Model

/// Tokens, the audit log, and who one is.
enum AccessRendering {
    static func created(_ created: CreatedToken) -> [Line] {
        let until = created.report.expiresAt.map { "until \(Phrases.time($0))" } ?? "for ever"
        return [
            Line(created.token, .strong),
            Line(
                "\(created.report.name) (\(created.report.id)): \(grants(created.report.grants)), good \(until)"
            ),
            Line("It is shown this once. Keep it in a file of mode 0600, for --token-file.", .faint)
        ]
    }

    static func tokens(_ tokens: [TokenReport], style: TextStyle) -> [Line] {
        guard !tokens.isEmpty else { return ["no tokens"] }
        var table = Table(["NAME", "ID", "STATE", "ROLES", "EXPIRES", "BY"])
        for token in tokens {
            table.rows.append([
                Line(token.name, .strong), Line(token.id.rawValue),
                Line(token.state.rawValue, token.state == .valid ? .good : .faint),
                Line(grants(token.grants)),
                Line(token.expiresAt.map(Phrases.time) ?? "never"), Line(token.createdBy)
            ])
        }
        return table.lines(TextStyle(isUnicode: style.isUnicode, hasColour: style.hasColour, width: nil))
    }

    static func audit(_ records: [AuditRecord]) -> [Line] {
        guard !records.isEmpty else { return ["nothing is written down"] }
        return records.map { record in
            var line = Line("\(Phrases.time(record.at)) ", .faint) + Line("\(record.actor) ", .strong)
            line = line + Line(Phrases.words(record.action))
            let object = [record.app?.rawValue, record.object].compactMap { $0 }.joined(separator: " ")
            if !object.isEmpty { line = line + Line(" \(object)") }
            if let project = record.project { line = line + Line(" in \(project)") }
            let tone: Tone = record.result == .done ? .good : record.result == .denied ? .bad : .held
            line = line + Line(": \(record.result.rawValue)", tone)
            if let reason = record.reason { line = line + Line(", \(Phrases.words(reason))") }
            if let address = record.address { line = line + Line(" from \(address)", .faint) }
            if let leftOut = record.leftOut { line = line + Line(" and \(leftOut) more like it", .faint) }
            return line
        }
    }

    static func caller(_ report: CallerReport) -> [Line] {
        [Line(report.name, .strong), Line("  \(report.grants.isEmpty ? "no roles" : grants(report.grants))")]
    }

    private static func grants(_ grants: [Grant]) -> String {
        grants.map { grant in
            "\(grant.role.rawValue) in \(grant.project?.rawValue ?? "all projects")"
        }.joined(separator: ", ")
    }
}
