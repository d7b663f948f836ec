/// How one rollout of one app at one commit ended, as the commit's git note tells it.
///
/// A rollout is told once: records of the same installation, app, release and start are the same one, and the one
/// that ended later counts.
public struct OutcomeRecord: Codable, Hashable, Sendable {
    public var installation: InstallationName
    public var source: SourceName
    public var app: AppName
    public var release: ReleaseNumber
    public var commit: CommitID
    /// Of the app's file, relative to the repository's root.
    public var path: String
    /// What the engine was told to run: `repository@sha256:…`, or the id of an image of the host.
    public var image: String
    public var verdict: RolloutRecord.Outcome
    /// Why it ended so, one sentence; empty where it went well.
    public var because: String
    /// Exit codes, probe answers and the last lines of the log, without secrets; at most 40 lines.
    public var evidence: [String]
    public var startedAt: WallTime
    public var endedAt: WallTime

    public init(
        installation: InstallationName, source: SourceName, app: AppName, release: ReleaseNumber,
        commit: CommitID, path: String, image: String, verdict: RolloutRecord.Outcome, because: String,
        evidence: [String], startedAt: WallTime, endedAt: WallTime
    ) {
        self.installation = installation
        self.source = source
        self.app = app
        self.release = release
        self.commit = commit
        self.path = path
        self.image = image
        self.verdict = verdict
        self.because = because
        self.evidence = evidence
        self.startedAt = startedAt
        self.endedAt = endedAt
    }

    /// Whether both tell the same rollout.
    public func isSameRollout(as other: OutcomeRecord) -> Bool {
        installation == other.installation && app == other.app && release == other.release
            && commit == other.commit && startedAt == other.startedAt
    }
}

/// What a controller with an empty store has to know of one app: kept beside the notes, so that a start reads as much
/// as there are apps, however many commits there are.
public struct AppLedger: Codable, Hashable, Sendable {
    public static let currentVersion = 1
    public var version: Int
    public var installation: InstallationName
    public var app: AppName
    public var source: SourceName
    /// The number that the next new release gets.
    public var nextRelease: ReleaseNumber
    /// `nil`: nothing of the app was ever proven.
    public var lastGood: ProvenRelease?
    /// What is not started again until the spec changes or a person says so; at most 20.
    public var failed: [FailedRelease]
    public var updatedAt: WallTime
    /// The app was removed; one of its name begins anew.
    public var isGone: Bool?

    public struct ProvenRelease: Codable, Hashable, Sendable {
        public var number: ReleaseNumber
        /// The commit and the file that its spec is read from again.
        public var commit: CommitID
        public var path: String
        public var spec: ContentDigest
        public var image: ContentDigest
        /// `false`: the image exists on the host alone.
        public var isFromRegistry: Bool
        public init(
            number: ReleaseNumber, commit: CommitID, path: String, spec: ContentDigest, image: ContentDigest,
            isFromRegistry: Bool
        ) {
            self.number = number
            self.commit = commit
            self.path = path
            self.spec = spec
            self.image = image
            self.isFromRegistry = isFromRegistry
        }
    }

    public struct FailedRelease: Codable, Hashable, Sendable {
        public var number: ReleaseNumber
        public var spec: ContentDigest
        public var image: ContentDigest?
        public var cause: Blocker.Cause
        public var because: String
        public init(
            number: ReleaseNumber, spec: ContentDigest, image: ContentDigest?, cause: Blocker.Cause,
            because: String
        ) {
            self.number = number
            self.spec = spec
            self.image = image
            self.cause = cause
            self.because = because
        }
    }

    public init(
        installation: InstallationName, app: AppName, source: SourceName, nextRelease: ReleaseNumber,
        lastGood: ProvenRelease?, failed: [FailedRelease], updatedAt: WallTime, isGone: Bool? = nil
    ) {
        self.isGone = isGone
        version = Self.currentVersion
        self.installation = installation
        self.app = app
        self.source = source
        self.nextRelease = nextRelease
        self.lastGood = lastGood
        self.failed = failed
        self.updatedAt = updatedAt
    }

    /// What is to be written where `found` stands already: a writer that has given more numbers knows more.
    ///
    /// Of equals this one wins in full, so that a person's retry takes an entry out of `failed`.
    public func merged(over found: AppLedger) -> AppLedger {
        guard found.nextRelease > nextRelease, isGone != true, found.isGone != true else { return self }
        var merged = found
        if let mine = lastGood, found.lastGood.map({ $0.number < mine.number }) ?? true {
            merged.lastGood = mine
        }
        let known = Set(found.failed.map(\.spec))
        merged.failed += failed.filter { !known.contains($0.spec) && $0.spec != merged.lastGood?.spec }
        merged.failed = merged.failed.suffix(20)
        return merged
    }
}
