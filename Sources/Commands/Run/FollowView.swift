internal import Model

/// Shows states as they come: redrawn in place on a terminal, a line for each change elsewhere.
struct FollowView {
    private let run: CommandRun
    private let app: AppName?
    private var rowsDrawn = 0
    private var drawn: InstallationStatus?
    private var fingerprints: [AppName: String] = [:]

    init(run: CommandRun, app: AppName?) {
        self.run = run
        self.app = app
    }

    mutating func show(_ status: InstallationStatus) throws {
        guard status != drawn else { return }
        drawn = status
        let changed = status.apps.filter { candidate in
            (app == nil || candidate.name == app)
                && fingerprints[candidate.name] != AppSummary(app: candidate).fingerprint
        }
        for app in changed { fingerprints[app.name] = AppSummary(app: app).fingerprint }
        switch run.format {
        case .json, .yaml:
            for app in changed { try run.showOne(app) { AppSummary(app: $0).line(at: status.at) } }
        default:
            guard run.console.isTerminal else {
                run.show(changed.map { AppSummary(app: $0).line(at: status.at) })
                return
            }
            redraw(status)
        }
    }

    private mutating func redraw(_ status: InstallationStatus) {
        let style = run.style
        var lines: [Line]
        if let app {
            guard let found = status.apps.first(where: { $0.name == app }) else { return }
            lines = AppRendering.lines(found, now: status.at, style: style)
        } else {
            lines = StatusRendering.lines(status, style: style, isWide: run.format == .wide)
        }
        let width = max(1, style.width ?? 80)
        // What has scrolled off the top cannot be drawn over, so no more is drawn than fits.
        var rows = 0
        var fitting: [Line] = []
        for line in lines {
            rows += max(1, (line.width(style) + width - 1) / width)
            if rows > run.console.height - 2 {
                fitting.append(Line("… \(lines.count - fitting.count) more lines", .faint))
                break
            }
            fitting.append(line)
        }
        let back = rowsDrawn > 0 ? "\u{1B}[\(rowsDrawn)A\u{1B}[J" : ""
        run.console.write(back + fitting.map { $0.text(style) + "\n" }.joined())
        rowsDrawn = fitting.reduce(0) { $0 + max(1, ($1.width(style) + width - 1) / width) }
    }
}
