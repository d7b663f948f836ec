internal import Model

/// When following is over, and with which exit code.
struct FollowRule: Sendable {
    /// `nil`: all apps.
    var app: AppName?
    /// The release that a command was about.
    var expected: ReleaseNumber?
    /// After a command: a final state that was final before counts only when it has stood for `settling`, for the
    /// controller may not have taken the command up yet.
    var mustSettle: Bool

    static let settling: Duration = .seconds(3)
    /// How long an app may be short of instances, or unknown, before following it is given up.
    static let patienceInSeconds: Int64 = 60

    private var hasMoved = false
    private var finalSince: ContinuousClock.Instant?
    private var hasSeenApp = false

    init(app: AppName?, expected: ReleaseNumber?, mustSettle: Bool) {
        self.app = app
        self.expected = expected
        self.mustSettle = mustSettle
    }

    enum Judgement: Sendable, Hashable {
        case goesOn
        case over(exitCode: Int32)
        /// The app is not there, and has not been.
        case noSuchApp
    }

    /// - Parameter status: the newest state, again and again while nothing changes.
    mutating func judge(_ status: InstallationStatus, now: ContinuousClock.Instant) -> Judgement {
        let apps = app.map { name in status.apps.filter { $0.name == name } } ?? status.apps
        if app != nil {
            // An app that was there and is gone has been removed, as git wanted it.
            guard let found = apps.first else { return hasSeenApp ? .over(exitCode: 0) : .noSuchApp }
            hasSeenApp = true
            if let expected, found.running?.number == expected, found.rollout == nil {
                // Gone back as it was asked to: held there, away from what git wants, and that is success.
                if found.verdict == .held, found.because.first?.cause == .pinned { return .over(exitCode: 0) }
                if found.verdict == .converged { return .over(exitCode: 0) }
            }
        }
        let codes = Self.finalCodes(apps)
        guard codes.allSatisfy({ $0 != nil }) else {
            hasMoved = true
            finalSince = nil
            return .goesOn
        }
        let own = app == nil ? status.verdict.exitCode : 0
        let code = max(codes.compactMap { $0 }.max() ?? 0, own == 1 ? 0 : own)
        if mustSettle, !hasMoved {
            let since = finalSince ?? now
            finalSince = since
            if now - since < Self.settling { return .goesOn }
        }
        return .over(exitCode: code)
    }

    /// By app. Who waits for others of its group only is held with them, once nothing moves but what waits so.
    private static func finalCodes(_ apps: [AppStatus]) -> [Int32?] {
        let codes = apps.map(finalCode)
        let areOthersFinal = zip(apps, codes).allSatisfy { $1 != nil || $0.because.first?.cause == .group }
        guard areOthersFinal, codes.contains(3) else { return codes }
        return codes.map { $0 ?? 3 }
    }

    /// The exit code of an app that will not move by itself any more; `nil` for one that may.
    static func finalCode(_ app: AppStatus) -> Int32? {
        let waitsForPerson =
            app.isPaused || app.because.contains { [.approval, .deletionBrake, .paused].contains($0.cause) }
        switch app.verdict {
        case .converged: return AppSummary(app: app).isWantedRunning ? 0 : nil
        case .held: return 3
        case .invalid, .unplaceable: return 2
        // While the way back is still being walked the verdict may be known already.
        case .rolledBack: return app.rollout == nil ? 2 : nil
        case .progressing, .waiting: return waitsForPerson ? 3 : nil
        case .degraded, .unknown: return app.sinceSeconds >= patienceInSeconds ? 2 : nil
        }
    }
}
