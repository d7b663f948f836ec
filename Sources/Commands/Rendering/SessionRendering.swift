internal import Model

/// The one-off runs of an app, for people.
enum SessionRendering {
    static func lines(_ runs: [RunStatus], _ app: AppName, now: WallTime, style: TextStyle) -> [Line] {
        guard !runs.isEmpty else { return [Line("\(app) has no one-off runs")] }
        var table = Table(["RUN", "RELEASE", "STATE", "ASKED FOR", ""])
        for run in runs {
            let state = run.exitCode.map { "exited \($0)" } ?? run.state
            let tone: Tone = run.exitCode == nil ? .plain : run.exitCode == 0 ? .good : .bad
            let age = max(0, now.secondsSince1970 - run.startedAt.secondsSince1970)
            table.rows.append([
                Line(run.name, .strong), Line("\(run.release)"), Line(state, tone), Line(Phrases.since(age)),
                Line(run.detached ? "detached" : "", .faint)
            ])
        }
        return table.lines(TextStyle(isUnicode: style.isUnicode, hasColour: style.hasColour, width: nil))
    }
}
