/// Something that people are told of wherever they are: a change of state, not a step on the way.
public struct Notice: Codable, Hashable, Sendable {
    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        /// A release failed; what becomes of it follows.
        case failed
        /// The last good release is back in full.
        case rolledBack = "rolled_back"
        /// Nothing goes on without a person.
        case held
        /// The spec in git cannot be used.
        case invalid
        /// What there was a notice of is over.
        case recovered
        /// Somebody else had changed a container, and it was put back.
        case driftRepaired = "drift_repaired"
        /// A source cannot be read.
        case source
        /// The engine does not answer.
        case engine
        /// A host has no valid certificate, or soon will have none.
        case certificate
        /// The edge has a problem of its own.
        case edge
        /// The store cannot be written: a full disk, most of the time.
        case store
        /// A run of a cron entry has failed or was missed.
        case cron
        /// How many notices were not sent.
        case summary
        /// Somebody asked for it, to see whether it arrives.
        case test
    }

    /// The same whenever this notice is sent again, so that a receiver knows it.
    public var id: String
    public var installation: InstallationName
    public var kind: Kind
    public var app: AppName?
    /// What it is about: an app, a source, a host name.
    public var object: String
    public var release: ReleaseNumber?
    public var commit: CommitID?
    /// One sentence or two; no secret.
    public var message: String
    public var at: WallTime

    public init(
        id: String, installation: InstallationName, kind: Kind, app: AppName? = nil, object: String,
        release: ReleaseNumber? = nil, commit: CommitID? = nil, message: String, at: WallTime
    ) {
        self.id = id
        self.installation = installation
        self.kind = kind
        self.app = app
        self.object = object
        self.release = release
        self.commit = commit
        self.message = message
        self.at = at
    }

    /// Whether something is wrong, as opposed to mended or merely told.
    public var isTrouble: Bool {
        switch kind {
        case .recovered, .driftRepaired, .summary, .test: false
        case .failed, .rolledBack, .held, .invalid, .source, .engine, .certificate, .edge, .store,
            .cron:
            true
        }
    }

    /// One line: `shop: rolled back`.
    public var title: String { "\(object): \(kind.rawValue.split(separator: "_").joined(separator: " "))" }
}

/// Whether a test notice has arrived, channel by channel.
public struct NoticeTestReport: Codable, Hashable, Sendable {
    public struct Channel: Codable, Hashable, Sendable {
        public var name: String
        /// Why it has not arrived; `nil`: it has.
        public var problem: String?
        public init(name: String, problem: String? = nil) {
            self.name = name
            self.problem = problem
        }
    }
    public var channels: [Channel]
    public init(channels: [Channel]) { self.channels = channels }
}

/// The body of `POST /v1/notices/test`; may be left out.
public struct NoticeTestRequest: Codable, Hashable, Sendable {
    /// All channels if `nil`.
    public var channel: SourceName?
    public init(channel: SourceName? = nil) { self.channel = channel }
}
