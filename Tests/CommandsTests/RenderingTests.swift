@testable import Commands
import Model
import Testing

@Suite struct RenderingTests {
    static let styles: [(name: String, style: TextStyle)] = [
        ("pipe", TextStyle(isUnicode: true, hasColour: false, width: nil)),
        ("wide-colour", TextStyle(isUnicode: true, hasColour: true, width: 140)),
        ("narrow", TextStyle(isUnicode: true, hasColour: false, width: 60)),
        ("ascii", TextStyle(isUnicode: false, hasColour: false, width: 100))
    ]

    private func text(_ lines: [Line], _ style: TextStyle) -> String {
        lines.map { $0.text(style) + "\n" }.joined()
    }

    @Test(arguments: styles.map(\.name)) func status(_ name: String) throws {
        let style = try #require(Self.styles.first { $0.name == name }).style
        let status = try Samples.installation(Samples.apps(), verdict: .held)
        try Golden.check(
            text(StatusRendering.lines(status, style: style, isWide: false), style), "status-\(name).txt")
        if name == "pipe" {
            try Golden.check(
                text(StatusRendering.lines(status, style: style, isWide: true), style),
                "status-all-columns.txt")
        }
    }

    @Test(arguments: styles.map(\.name)) func oneApp(_ name: String) throws {
        let style = try #require(Self.styles.first { $0.name == name }).style
        let app = try Samples.shop()
        try Golden.check(
            text(AppRendering.lines(app, now: Samples.now, style: style), style), "app-\(name).txt")
    }

    @Test func strategies() throws {
        let style = Self.styles[0].style
        let apps = try Samples.strategies()
        let status = try Samples.installation(apps, verdict: .held)
        var shown = text(StatusRendering.lines(status, style: style, isWide: false), style)
        for app in apps {
            shown += "\n----\n" + text(AppRendering.lines(app, now: Samples.now, style: style), style)
            shown += "\n" + text([AppSummary(app: app).line(at: Samples.now)], style)
        }
        try Golden.check(shown, "strategies.txt")
    }

    @Test func everyVerdictOfOneApp() throws {
        let style = Self.styles[0].style
        let shown = try Samples.apps().map { app in
            text(AppRendering.lines(app, now: Samples.now, style: style), style) + "\n"
                + text(AppRendering.why(app), style) + "\n"
                + text([AppSummary(app: app).line(at: Samples.now)], style)
        }
        try Golden.check(shown.joined(separator: "\n----\n"), "verdicts.txt")
    }

    @Test func headlines() throws {
        let style = Self.styles[0].style
        let good = try Samples.app(
            "catalog", .converged, wanted: Samples.release(1, "1"), running: Samples.release(1, "1"))
        let cases = [
            try Samples.installation([], verdict: .converged),
            try Samples.installation([good], verdict: .converged),
            try Samples.installation([good, good], verdict: .converged),
            try Samples.installation([good, Samples.shop()], verdict: .progressing),
            try Samples.installation([good], verdict: .unknown, isReachable: false)
        ]
        let shown = cases.map { text(StatusRendering.lines($0, style: style, isWide: false), style) }
        try Golden.check(shown.joined(separator: "\n"), "headlines.txt")
    }

    /// Whatever the controller leaves out, an app that is not as wanted says because of what.
    @Test func becauseIsNeverBlank() throws {
        for verdict in Verdict.allCases {
            for (wanted, running) in [(1, 1), (2, 1), (nil, 1), (1, nil)] as [(Int?, Int?)] {
                let app = try Samples.app(
                    "shop", verdict, wanted: wanted.map { try Samples.release($0, "a") },
                    running: running.map { try Samples.release($0, "b") })
                let summary = AppSummary(app: app)
                let isFine = verdict == .converged && wanted == running
                #expect(summary.because.isEmpty == isFine, "\(verdict) \(String(describing: wanted))")
                let style = Self.styles[0].style
                let table = StatusRendering.lines(
                    try Samples.installation([app], verdict: verdict), style: style, isWide: false)
                #expect(isFine || table.last?.text(style).hasSuffix("slipway events") == true)
            }
        }
    }

    @Test func reports() throws {
        let style = Self.styles[0].style
        let shop = try #require(AppName("shop"))
        let commit = try Samples.commit("b", "shop: 1.5.0")
        func record(
            _ number: Int, _ outcome: RolloutRecord.Outcome?, _ evidence: [String] = []
        ) throws -> RolloutRecord {
            RolloutRecord(
                app: shop, release: try #require(ReleaseNumber(number)), commit: commit, image: "shop:1",
                startedAt: Samples.now,
                endedAt: outcome.map { _ in WallTime(secondsSince1970: 1_795_236_075) },
                outcome: outcome, evidence: evidence)
        }
        let history = [
            try record(5, nil), try record(4, .succeeded),
            try record(3, .rolledBack, ["web exited 1", "panic: no database"]),
            try record(2, .superseded), try record(1, .held, ["nothing to go back to"])
        ]
        let changes = [
            SpecChange(keyPath: "image", old: "shop:1.4.2", new: "shop:1.5.0"),
            SpecChange(keyPath: "env.FEATURE_X", old: nil, new: "on"),
            SpecChange(keyPath: "env.OLD", old: "1", new: nil)
        ]
        let trace = TraceReport(
            container: "shop-web-v42-1", id: try #require(ContainerID("0123456789abcdef")), app: shop,
            process: try Samples.web(), release: try #require(ReleaseNumber(42)), image: "shop@sha256:9a1",
            commit: commit,
            source: try #require(SourceName("main")), path: "apps/shop.yaml", outcome: .succeeded)
        var shown = [
            text(ReportRendering.history(history, style: style), style),
            text(ReportRendering.history([], style: style), style),
            text(
                ReportRendering.diff(
                    DiffReport(app: shop, from: ReleaseNumber(41), to: nil, changes: changes)), style),
            text(
                ReportRendering.diff(DiffReport(app: shop, from: nil, to: ReleaseNumber(2), changes: [])),
                style),
            text(ReportRendering.trace(trace), style)
        ]
        let events = EventRecord.Kind.allCases.enumerated().map { index, kind in
            EventRecord(
                sequence: Int64(index), at: Samples.now, kind: kind, app: shop, release: ReleaseNumber(2),
                commit: commit.id, message: "as it was")
        }
        shown.append(text(events.map(ReportRendering.event), style))
        try Golden.check(shown.joined(separator: "\n"), "reports.txt")
    }

    @Test func plans() throws {
        let style = Self.styles[0].style
        func plan(
            _ name: String, _ change: PlanReport.AppPlan.Change, from: Int?, to: Int?
        ) throws -> PlanReport.AppPlan {
            let isMoving = change == .update || change == .create
            return PlanReport.AppPlan(
                app: try #require(AppName(name)), change: change, from: from.flatMap(ReleaseNumber.init),
                to: to.flatMap(ReleaseNumber.init),
                changes: isMoving ? [SpecChange(keyPath: "image", old: "a|`b`", new: "<script>")] : [],
                notes: isMoving ? ["rolling, capacity never below 3, no downtime"] : [],
                started: isMoving ? 4 : change == .drift ? 1 : 0,
                stopped: change == .update || change == .remove ? 3 : 0, kept: 1, lowestCapacity: 3,
                hasDowntime: change == .drift)
        }
        var report = PlanReport(
            commit: try Samples.commit("b", "x").id,
            apps: [
                try plan("shop", .update, from: 41, to: 42), try plan("mail", .none, from: 7, to: 7),
                try plan("new", .create, from: nil, to: 1), try plan("old", .remove, from: 3, to: nil),
                try plan("catalog", .drift, from: 2, to: 2)
            ], diagnostics: [], brakeHolds: true, containersTotal: 14)
        try Golden.check(text(PlanRendering.lines(report, style: style), style), "plan.txt")
        try Golden.check(PlanRendering.markdown(report), "plan.md")
        #expect(PlanRendering.exitCode(report) == 2)
        report.apps = [try plan("mail", .none, from: 7, to: 7)]
        #expect(PlanRendering.exitCode(report) == 0)
        report.diagnostics = [Diagnostic(code: "x", message: "wrong", path: "a.yaml")]
        #expect(PlanRendering.exitCode(report) == 1)
        #expect(PlanRendering.markdown(report).contains("wrong"))
    }

    /// ESC, the C1 controls, and what turns the direction of writing: none of it from outside is ever printed.
    @Test func hostileTextIsInert() throws {
        var app = try Samples.shop()
        app.phase = hostile
        app.wanted?.commit.subject = hostile
        app.wanted?.commit.author = hostile
        app.wanted?.image = hostile
        app.because = [Blocker(cause: .exited, object: hostile, message: hostile, command: hostile)]
        app.instances[0].message = hostile
        app.instances[0].address = hostile
        app.diagnostics = [Diagnostic(code: hostile, message: hostile, path: hostile)]
        for (_, style) in Self.styles {
            let plain = style.withoutColour
            let lines =
                AppRendering.lines(app, now: Samples.now, style: plain) + AppRendering.why(app)
                + StatusRendering.lines(
                    try Samples.installation([app], verdict: .held), style: plain, isWide: true)
                + [ReportRendering.change(SpecChange(keyPath: hostile, old: hostile, new: hostile))]
                + [
                    ReportRendering.log(
                        LogLine(instance: hostile, process: try Samples.web(), stream: hostile, text: hostile)
                    )
                ]
            for line in lines {
                for scalar in line.text(plain).unicodeScalars {
                    #expect(
                        scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
                            && scalar.value != 0x202E)
                }
            }
        }
    }

    @Test func wrapping() {
        #expect(TextWidth.wrap("", width: 5) == [""])
        #expect(TextWidth.wrap("one two three", width: 7) == ["one two", "three"])
        #expect(TextWidth.wrap("averylongword is", width: 4) == ["averylongword", "is"])
        #expect(TextWidth.of("日本") == 4)
        #expect(TextWidth.of("e\u{301}") == 1)
    }

    @Test(
        arguments: [
            (0, "1970-01-01 00:00:00Z"), (951_827_696, "2000-02-29 12:34:56Z"),
            (1_795_236_000, "2026-11-21 04:40:00Z"),
            (-1, "1969-12-31 23:59:59Z"), (Int64.max, "9999-12-31 23:59:59Z"),
            (Int64.min, "0001-01-01 00:00:00Z")
        ] as [(Int64, String)]) func times(_ seconds: Int64, _ text: String)
    {
        #expect(Phrases.time(WallTime(secondsSince1970: seconds)) == text)
    }

    @Test func spans() {
        #expect(
            [-5, 59, 60, 3_599, 7_260, 90_000].map(Phrases.span) == [
                "0s", "59s", "1m", "59m 59s", "2h 1m", "1d 1h"
            ])
        #expect([59, 61, 3_600, 90_000].map(Phrases.since) == ["59s", "1m", "1h", "1d"])
        let extremes = (WallTime(secondsSince1970: .min), WallTime(secondsSince1970: .max))
        #expect(Phrases.age(from: extremes.0, to: extremes.1) == 0)
    }

    @Test func yaml() throws {
        let text = try YAMLText.of(Samples.installation([Samples.apps()[2]], verdict: .held))
        try Golden.check(text, "status.yaml")
        #expect(try YAMLText.of([String]()) == "[]\n")
        #expect(try YAMLText.of(["a": "no\n\u{1B}\""]) == "a: \"no\\n\\u001b\\\"\"\n")
    }
}
