public import Model

/// Something that may be worth a notice, as it is seen.
public enum NoticeObservation: Hashable, Sendable {
    /// Something is wrong with `subject`; `cause` is equal for as long as it is the same trouble.
    case trouble(NoticeSubject, Notice.Kind, cause: String, NoticeWords)
    /// This kind of trouble is over, without a word about it.
    case settled(NoticeSubject, Notice.Kind)
    /// Somebody has begun anew: the same trouble once more is news.
    case renewed(NoticeSubject)
    /// All is well with `subject`: told where there was trouble.
    case well(NoticeSubject, NoticeWords)
    /// Happened and is over, such as a repair.
    case passing(NoticeSubject, Notice.Kind, NoticeWords)
}

/// What a notice is about.
public enum NoticeSubject: Hashable, Sendable {
    case app(AppName), cron(AppName, ProcessName), source(String), certificate(String), engine, edge, store

    public var object: String {
        switch self {
        case .app(let name): name.rawValue
        case .cron(let app, let entry): "\(app)/\(entry)"
        case .source(let name): "source \(name)"
        case .certificate(let host): host
        case .engine: "engine"
        case .edge: "edge"
        case .store: "store"
        }
    }
}

/// What a notice says.
public struct NoticeWords: Hashable, Sendable {
    public var message: String
    public var release: ReleaseNumber?
    public var commit: CommitID?
    public init(_ message: String, release: ReleaseNumber? = nil, commit: CommitID? = nil) {
        self.message = message
        self.release = release
        self.commit = commit
    }
}

/// What there was a notice of, so that the same trouble is told once until it changes. Pure and bounded.
public struct NoticeLedger: Hashable, Sendable {
    /// Repairs of one thing are told once in this time.
    public static let passingInterval = TimeSpan.minutes(60)
    private static let limit = 10_000

    private struct Passing: Hashable {
        var subject: NoticeSubject
        var message: String
    }
    /// By subject, the cause of each kind of trouble that was told.
    private var open: [NoticeSubject: [Notice.Kind: String]] = [:]
    private var passed: [Passing: Instant] = [:]

    public init() {}

    /// What was told of an app before this controller started, by the verdict that it had then.
    public mutating func restore(_ app: AppName, _ verdict: Verdict) {
        switch verdict {
        // Failures are told as they happen; what is left to tell is the good end.
        case .rolledBack: open[.app(app)] = [:]
        case .held, .unplaceable: open[.app(app)] = [.held: Self.earlier]
        case .invalid: open[.app(app)] = [.invalid: Self.earlier]
        case .converged, .progressing, .waiting, .unknown, .degraded: break
        }
    }

    /// It was told before this controller started that a cron entry fails.
    public mutating func restoreFailing(_ subject: NoticeSubject, cause: String) {
        open[subject] = [.cron: cause]
    }

    /// Stands for a cause of an earlier run, which is not known any more: the first one that is seen is taken for it.
    private static let earlier = ""

    /// Whether `observation` says anything that is not known.
    public func isNews(_ observation: NoticeObservation) -> Bool {
        switch observation {
        case .trouble(let subject, let kind, let cause, _): open[subject]?[kind] != cause
        case .settled(let subject, let kind): open[subject]?[kind] != nil
        case .renewed(let subject): open[subject]?.isEmpty == false
        case .well(let subject, _): open[subject] != nil
        case .passing: true
        }
    }

    /// Whether there was a notice of trouble that is not over.
    public func isOpen(_ subject: NoticeSubject) -> Bool { open[subject] != nil }

    /// - Returns: what is to be told, if it is.
    public mutating func take(
        _ observation: NoticeObservation, now: Instant
    ) -> (subject: NoticeSubject, kind: Notice.Kind, words: NoticeWords)? {
        switch observation {
        case .trouble(let subject, let kind, let cause, let words):
            let known = open[subject]?[kind]
            guard open.count < Self.limit || open[subject] != nil else { return nil }
            open[subject, default: [:]][kind] = cause
            return known == cause || known == Self.earlier ? nil : (subject, kind, words)
        case .settled(let subject, let kind):
            // The subject stays: whoever was told of trouble is to hear of its good end.
            open[subject]?[kind] = nil
            return nil
        case .renewed(let subject):
            if open[subject] != nil { open[subject] = [:] }
            return nil
        case .well(let subject, let words):
            return open.removeValue(forKey: subject) == nil ? nil : (subject, .recovered, words)
        case .passing(let subject, let kind, let words):
            let key = Passing(subject: subject, message: words.message)
            if let last = passed[key], now - last < Self.passingInterval { return nil }
            if passed.count >= Self.limit { passed = passed.filter { now - $0.value < Self.passingInterval } }
            guard passed.count < Self.limit else { return nil }
            passed[key] = now
            return (subject, kind, words)
        }
    }

    /// An app that is no more is nothing to hear of.
    public mutating func forget(_ subject: NoticeSubject) { open[subject] = nil }
}

/// How many notices a channel is sent in a time; what is above is counted and told in one.
public struct NoticeLimiter: Hashable, Sendable {
    public let limit: Int
    public let window: TimeSpan
    private var sentAt: [Instant] = []
    private(set) public var suppressed: [Notice.Kind: Int] = [:]

    /// - Parameter limit: at least 1, in each window.
    public init(limit: Int, window: TimeSpan = .minutes(60)) {
        self.limit = max(1, limit)
        self.window = window
    }

    /// Whether one more may be sent now; a place is taken if so, and it is counted as left out if not.
    public mutating func admits(_ kind: Notice.Kind, now: Instant) -> Bool {
        trim(now)
        // What was left out is told first, and takes a place as well.
        guard suppressed.isEmpty, sentAt.count < limit else {
            suppressed[kind, default: 0] += 1
            return false
        }
        sentAt.append(now)
        return true
    }

    /// Counts one that was left out for another reason.
    public mutating func suppress(_ kind: Notice.Kind) { suppressed[kind, default: 0] += 1 }

    /// When the summary of what was left out may be sent; `nil`: nothing was.
    public func summaryDue(now: Instant) -> Instant? {
        guard !suppressed.isEmpty else { return nil }
        guard sentAt.count >= limit, let oldest = sentAt.first else { return now }
        return oldest + window
    }

    /// What the summary says; takes a place, and begins to count anew.
    public mutating func summary(now: Instant) -> String {
        trim(now)
        let total = suppressed.values.reduce(0, +)
        let parts = suppressed.sorted { $0.key.rawValue < $1.key.rawValue }.map { kind, count in
            "\(count) × \(kind.rawValue.split(separator: "_").joined(separator: " "))"
        }
        suppressed = [:]
        sentAt.append(now)
        let times = total == 1 ? "1 notice was" : "\(total) notices were"
        return
            "\(times) not sent, as there were too many: \(parts.joined(separator: ", ")); `slipway events` has all of them"
    }

    private mutating func trim(_ now: Instant) {
        sentAt.removeAll { now - $0 >= window }
    }
}
