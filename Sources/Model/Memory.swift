/// What the controller remembers of one app from one run to the next.
public struct AppMemory: Codable, Hashable, Sendable {
    /// The number that the next new release gets.
    public var nextRelease: ReleaseNumber
    /// Numbers of releases that were found on containers and that this store has never given: it was lost, or is older
    /// than they are. Containers of them are ours, even those that are seen only later.
    public private(set) var unnumbered: ClosedRange<ReleaseNumber>?
    /// The newest release that passed its gate in full. Written with success only.
    public var lastGood: Release?
    /// The release that is being moved to, and how far it is.
    public var rollout: Rollout?
    /// Some release is remembered, which says how its instances are asked whether they are well.
    public var knowsRelease: Bool { lastGood != nil || rollout != nil }
    /// Releases that failed and are not started again until their spec changes or a person retries.
    public var quarantine: [Quarantined]
    /// How the last rollout ended, for the status; `nil` before the first.
    public var lastOutcome: LastOutcome?
    /// Set by `slipway rollback`: hold this release until the spec differs from `unlessSpecIs`.
    public var pin: Pin?
    public var isPaused: Bool
    public var pausedAt: Instant?
    /// Where the app was found last; decides which source may remove it.
    public var source: SourceName
    public var path: String
    public var project: ProjectName
    /// Set once removal is decided; the app leaves the memory when nothing of it is left.
    public var isBeingRemoved: Bool
    /// The verdict of the last pass and since when, so that `since` survives a restart.
    public var verdict: Verdict
    public var verdictSince: Instant
    /// The spec whose deploy a person approved, for `approval: before_deploy`.
    public var approvedSpec: ContentDigest?
    /// The release before the last good one, whose instances are kept a while for an instant way back.
    public var kept: KeptRelease?
    /// What its last accepted spec has for itself; `nil`: none was accepted since there are claims.
    public var claims: AppClaims?
    /// Of each cron entry of the last good release; `nil`: there is none.
    public var cron: [ProcessName: CronMemory]?
    /// The project in the names of its containers and volumes, for as long as it lives: another name would be another
    /// volume. `nil`: none is, as for all apps that are older than the rules of their project.
    public var nameScope: ProjectName?

    public init(source: SourceName, path: String, project: ProjectName, now: Instant) {
        nextRelease = .first
        quarantine = []
        isPaused = false
        self.source = source
        self.path = path
        self.project = project
        isBeingRemoved = false
        verdict = .waiting
        verdictSince = now
    }
}

extension AppMemory {
    /// Takes note of containers up to `highest`: their numbers are not given again, and those that this store has not
    /// given are remembered as found.
    public mutating func catchUp(with highest: ReleaseNumber) {
        guard highest >= nextRelease else { return }
        take(nextRelease...highest)
        nextRelease = highest.next
    }

    /// Remembers these numbers as found, besides those that are.
    public mutating func take(_ found: ClosedRange<ReleaseNumber>) {
        guard let known = unnumbered else {
            unnumbered = found
            return
        }
        unnumbered = min(known.lowerBound, found.lowerBound)...max(known.upperBound, found.upperBound)
    }
}

/// The movement of one app from its last good release to another one.
public struct Rollout: Codable, Hashable, Sendable {
    public var target: Release
    public var startedAt: Instant
    public var startedAtWall: WallTime
    /// When the number of proven instances last reached a new maximum, or the phase changed.
    public var lastProgressAt: Instant
    /// Since when the deadline stands still, because the engine is away or refuses what is asked of it: that is not
    /// the target's doing.
    public var stalledSince: Instant?
    /// `true`: the target was found running by a store that did not know it, so what runs of it is not on trial
    /// for its life.
    public var isAdopted: Bool?
    /// The most instances of the target that were proven at once.
    public var provenMaximum: Int
    public var phase: Phase
    /// From 0, into the steps of the strategy.
    public var step: Int
    /// Since when all of the step is in place and proven without a break; the bake counts from here. `nil`: it is not.
    public var bakingSince: Instant?
    /// The last step whose share of requests was given; once given, a share is not taken back while the rollout moves.
    public var litStep: Int?
    /// What the edge had counted when the bake began, by release.
    public var baseline: [ReleaseNumber: TrafficFigures]
    /// A person ended the wait of this step: its bake, its want of evidence or its approval.
    public var promotedStep: Int?
    /// Since when a person is waited for: the deadline stands still.
    public var waitingSince: Instant?
    /// A person's way back to an earlier release: in one step, without bake or approval.
    public var isDirect: Bool
    /// All is proven, and the other apps of the release group are waited for.
    public var isReadyForGroup: Bool
    /// The target's release command; `nil` where it has none or it has not been thought of yet.
    public var command: JobRun?

    public enum Phase: Codable, Hashable, Sendable {
        /// New instances are started, proven, and take over.
        case moving
        /// The target failed; what is left is to bring `lastGood` back in full and the target away.
        case rollingBack(Failure)
        /// The target failed and the spec says `rollback: false`: all stays as it is until a person decides.
        case held(Failure)
    }

    public init(target: Release, startedAt: Instant, startedAtWall: WallTime) {
        self.target = target
        self.startedAt = startedAt
        self.startedAtWall = startedAtWall
        lastProgressAt = startedAt
        provenMaximum = 0
        phase = .moving
        step = 0
        baseline = [:]
        isDirect = false
        isReadyForGroup = false
    }
}

extension Rollout {
    /// The target has failed, or a person gives it up: nothing that was waited for counts any more.
    public mutating func turn(to phase: Phase, at now: Instant) {
        self.phase = phase
        lastProgressAt = now
        provenMaximum = 0
        waitingSince = nil
        bakingSince = nil
        isReadyForGroup = false
    }
}

public struct KeptRelease: Codable, Hashable, Sendable {
    public var release: Release
    public var until: Instant
    public init(release: Release, until: Instant) {
        self.release = release
        self.until = until
    }
}

/// Why a release failed, with what was seen.
public struct Failure: Codable, Hashable, Sendable {
    public var cause: Blocker.Cause
    /// `web exited 1 ×3 in 12 s`.
    public var message: String
    public var evidence: [String]
    public init(cause: Blocker.Cause, message: String, evidence: [String] = []) {
        self.cause = cause
        self.message = message
        self.evidence = evidence
    }
}

/// Follows the spec and the image's digest, not the release number: the same content under a new number stays out.
public struct Quarantined: Codable, Hashable, Sendable {
    public var spec: ContentDigest
    public var image: ContentDigest?
    public var release: ReleaseNumber
    public var failure: Failure
    public var at: Instant
    public init(
        spec: ContentDigest, image: ContentDigest?, release: ReleaseNumber, failure: Failure, at: Instant
    ) {
        self.spec = spec
        self.image = image
        self.release = release
        self.failure = failure
        self.at = at
    }
}

public struct LastOutcome: Codable, Hashable, Sendable {
    public var release: ReleaseNumber
    public var outcome: RolloutRecord.Outcome
    public var failure: Failure?
    public var at: Instant
    public init(release: ReleaseNumber, outcome: RolloutRecord.Outcome, failure: Failure?, at: Instant) {
        self.release = release
        self.outcome = outcome
        self.failure = failure
        self.at = at
    }
}

public struct Pin: Codable, Hashable, Sendable {
    public var release: Release
    public var unlessSpecIs: ContentDigest
    public init(release: Release, unlessSpecIs: ContentDigest) {
        self.release = release
        self.unlessSpecIs = unlessSpecIs
    }
}

/// What is remembered of a source.
public struct SourceMemory: Codable, Hashable, Sendable {
    /// The newest commit that was read.
    public var commit: CommitInfo?
    /// The newest commit whose removals a person approved.
    public var approvedRemovals: CommitID?
    /// The newest commit that a person approved although nobody was shown before what it does.
    public var approvedPlan: CommitID?
    /// The images that the plan has shown which lets `approvedPlan` through; a tag may name another one by now.
    public var plannedImages: [AppName: ContentDigest]?
    /// What was shown of pull requests, oldest first; at most 50.
    public var plans: [ShownPlan]?
    /// What the forge was told last of a commit's deploy, oldest first; at most 20.
    public var shown: [CommitStatus]?
    public init(commit: CommitInfo? = nil, approvedRemovals: CommitID? = nil) {
        self.commit = commit
        self.approvedRemovals = approvedRemovals
    }
}

/// A container that this installation made. Others are never touched, whatever their labels say.
public struct OwnedContainer: Codable, Hashable, Sendable {
    public var id: ContainerID
    public var name: String
    public var app: AppName
    public init(id: ContainerID, name: String, app: AppName) {
        self.id = id
        self.name = name
        self.app = app
    }
}

/// A note made before an effect, so that a crash between the two is seen.
public struct Intent: Codable, Hashable, Sendable {
    /// Rises by one with each intent of the installation.
    public var sequence: Int64
    public var app: AppName?
    public var action: Action.Kind
    /// What it works on: the container's name, the image, the network.
    public var object: String
    public var at: WallTime
    public init(sequence: Int64, app: AppName?, action: Action.Kind, object: String, at: WallTime) {
        self.sequence = sequence
        self.app = app
        self.action = action
        self.object = object
        self.at = at
    }
}

public struct IntentOutcome: Codable, Hashable, Sendable {
    public enum Result: String, Codable, Hashable, Sendable, CaseIterable {
        case succeeded, failed
        /// The controller died in between; what happened was seen by looking at the engine.
        case observed
    }
    public var sequence: Int64
    public var result: Result
    /// Empty on success.
    public var message: String
    public init(sequence: Int64, result: Result, message: String) {
        self.sequence = sequence
        self.result = result
        self.message = message
    }
}

/// A reading of the controller's clock, kept so that the clock goes on where it was.
public struct ClockReading: Codable, Hashable, Sendable {
    public var now: Instant
    /// The kernel's id of this boot.
    public var boot: String
    /// The kernel's time since boot at `now`, in nanoseconds.
    public var sinceBoot: Int64
    public init(now: Instant, boot: String, sinceBoot: Int64) {
        self.now = now
        self.boot = boot
        self.sinceBoot = sinceBoot
    }
}
