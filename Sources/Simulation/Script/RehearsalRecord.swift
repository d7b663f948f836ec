public import Model

/// What happened in one scenario, by app.
public struct RehearsalRecord: Codable, Hashable, Sendable {
    public var scenario: RehearsalScenario
    /// Apps that the commit changes, or that something happened to, by name.
    public var apps: [App]
    /// Apps to which nothing happened.
    public var untouched: Int
    /// What befell the installation as a whole.
    public var moments: [Moment]
    /// Specs that did not load, and what is wrong beside others; without the lines of the files.
    public var diagnostics: [Diagnostic]
    /// `false`: after a long time without any change something was still under way.
    public var isSettled: Bool
    /// Until the last thing that happened, in milliseconds since the commit.
    public var durationMilliseconds: Int64
    /// Apps of the state before that were not converged when the commit came.
    public var unsettledBefore: [AppName]
    public var hasEdge: Bool
    /// An app has a release command.
    public var hasCommand: Bool

    public struct App: Codable, Hashable, Sendable {
        public var app: AppName
        public var change: Change
        public var from: ReleaseNumber?
        public var to: ReleaseNumber?
        public var strategy: DeployStrategy?
        public var verdict: Verdict?
        /// How the rollout ended; `nil` where none did.
        public var outcome: RolloutRecord.Outcome?
        public var moments: [Moment]
        /// Until the rollout or removal was over, in milliseconds since the commit.
        public var durationMilliseconds: Int64?
        /// When the release was found bad.
        public var noticedAtMilliseconds: Int64?
        /// When the last good release was back in full.
        public var restoredAtMilliseconds: Int64?
        public var processes: [Process]
        /// Containers that were started, and those of before that went and that stayed.
        public var started: Int
        public var stopped: Int
        public var kept: Int
        public var downtimes: [Downtime]
        /// How often a person was asked.
        public var questions: Int
        /// What is still in the way at the end.
        public var because: [Blocker]
        /// What is to be known beyond that.
        public var notes: [String]
    }

    public enum Change: String, Codable, Hashable, Sendable {
        case none, create, update, remove, invalid
    }

    public struct Process: Codable, Hashable, Sendable {
        public var name: ProcessName
        public var want: Int
        /// Least number of ready instances; `nil` where none ran before.
        public var lowest: Int?
        public var readyAtEnd: Int
    }

    public struct Downtime: Codable, Hashable, Sendable {
        public var process: ProcessName
        public var fromMilliseconds: Int64
        /// `nil`: it has not ended.
        public var lengthMilliseconds: Int64?
        public var reason: String
    }

    /// One line of the timeline.
    public struct Moment: Codable, Hashable, Sendable {
        /// Since the commit.
        public var atMilliseconds: Int64
        public var kind: Kind
        public var text: String
        public var ready: [Ready]
        /// The share of the new release, in per cent: of requests where an edge divides them, else of ready instances.
        public var newPercent: Int?

        public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
            case commit, image, rollout, command, start, ready, proven, bake, step, weight, stop, removed,
                trouble
            case question, waiting, failed, restored, succeeded, kept, held
            case installation
        }
    }

    public struct Ready: Codable, Hashable, Sendable {
        public var process: ProcessName
        public var ready: Int
        public var want: Int
    }
}
