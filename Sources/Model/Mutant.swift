#if SLIPWAY_MUTANTS
internal import Synchronization
#endif

/// Bugs that can be planted, one at a time, to see that the simulation finds them.
///
/// Each is of a kind that a controller elsewhere has shipped, where its `id` names that one; `id` begins with the rule
/// that it breaks. Debug builds only: in a release build `isPlanted` is the constant `false`.
public enum Mutant: Int, Sendable, CaseIterable {
    case floorIgnoredOnTheWayBack
    case oldGoBeforeNewAreThere
    case wayBackStopsFirst
    case surplusTakesWhoServes
    case ceilingForgetsStopping
    case ceilingForgetsInFlight
    case inFlightForgotten
    case twoWriters
    case unprovenIsPromoted
    case windowIgnored
    case runningIsReady
    case unknownProbePasses
    case approvalSkipped
    case windowFromStart
    case bakeIgnored
    case drainSkipped
    case unreadyGetsRequests
    case sharesDoNotSum
    case lastGoodBySuperseding
    case retryProves
    case rollbackPulls
    case countNotRestored
    case failedIsTriedAgain
    case quarantineNotStored
    case deadlineNeverFires
    case rolloutForgotten
    case verdictWrittenAnew
    case repairsWhatIsWell
    case abortWhenIdle
    case failedFetchIsEmpty
    case brakeIgnored
    case brokenTreeIsProof
    case keptIsRemoved
    case mirrorIsProof
    case copiedLabelsAreOurs
    case fencedClaimsAgain
    case actsBeforeJournal
    case journalsAfterActing
    case overtakenStays
    case ownershipNotStored
    case openIntentsForgotten
    case eventsOnly
    case edgeReadOnce
    case pullBlocksStarts
    case environmentShown
    case tagDeployed
    case supersedeWaits
    case staleListingWins
    case interruptedStaysLocked
    case wallClockDeadlines
    case rolledBackIsConverged
    case rolledBackIsSucceeded
    case groupPromotesAlone
    case hungContainerIsGone
    case failedInspectIsGone
    case worldFaultBlamed
    case stallsNotHeldAgainst
    case timerLost
    case oldStoreBelieved
    case jobStartedAgain
    case commandNotAwaited
    case commandCutOff
    case cronForgets
    case cronOverlaps
    case cronAdoptsNothing
}

#if SLIPWAY_MUTANTS
extension Mutant {
    /// The rule that it breaks, and where it was seen or what it is.
    public var id: String { description.id }
    /// What the planted bug does, in one sentence.
    public var sentence: String { description.sentence }

    private var description: (id: String, sentence: String) {
        switch self {
        case .floorIgnoredOnTheWayBack:
            (
                "I1-argo-rollouts-3020",
                "On the way back all of the failed release goes at once, before the last good one is back in full."
            )
        case .oldGoBeforeNewAreThere:
            (
                "I1-argo-rollouts-2050",
                "The old instances are taken away although the new ones are not there."
            )
        case .wayBackStopsFirst:
            (
                "I1-moby-34111",
                "The way back takes what serves away first and starts its replacement after that."
            )
        case .surplusTakesWhoServes:
            (
                "I1-scale-down",
                "Scaling down takes instances that serve and leaves those that do not."
            )
        case .ceilingForgetsStopping:
            (
                "I2-nomad-27284",
                "An instance that is being stopped does not count as live any more."
            )
        case .ceilingForgetsInFlight:
            (
                "I2-kubernetes-99513",
                "Instances that are being made are not counted before they are seen."
            )
        case .inFlightForgotten:
            (
                "I2-in-flight",
                "What is under way is forgotten as soon as it is asked for."
            )
        case .twoWriters:
            (
                "I2-two-writers",
                "The new instance of a single writer is started beside the old one."
            )
        case .unprovenIsPromoted:
            (
                "I3-nomad-6407",
                "A step counts as done without the instances that it wants."
            )
        case .windowIgnored:
            (
                "I3-window",
                "The first good probe proves an instance."
            )
        case .runningIsReady:
            (
                "I3-coolify-4817",
                "An instance is ready as soon as it runs."
            )
        case .unknownProbePasses:
            (
                "I3-unknown-is-healthy",
                "A probe that could not be made counts as passed."
            )
        case .approvalSkipped:
            (
                "I3-approval",
                "A step that a person has to approve begins without a word."
            )
        case .windowFromStart:
            (
                "I4-moby-37972",
                "The window runs from the start of the process, not from its readiness."
            )
        case .bakeIgnored:
            (
                "I4-bake",
                "A step is not held for its bake."
            )
        case .drainSkipped:
            (
                "I5-coolify-8627",
                "An instance is stopped while the edge still sends it requests."
            )
        case .unreadyGetsRequests:
            (
                "I5-unready",
                "The edge is given instances that are not ready."
            )
        case .sharesDoNotSum:
            (
                "I5-argo-rollouts-3467",
                "The shares of a split do not sum to 100."
            )
        case .lastGoodBySuperseding:
            (
                "I6-moby-37693",
                "The release before counts as the last good one, though it never succeeded."
            )
        case .retryProves:
            (
                "I6-retry",
                "A retry by a person makes the release the last good one."
            )
        case .rollbackPulls:
            (
                "I7-nomad-12940",
                "The way back asks the registry for the image first."
            )
        case .countNotRestored:
            (
                "I7-count",
                "The way back keeps the count of the failed release."
            )
        case .failedIsTriedAgain:
            (
                "I8-comin-59",
                "A release that has failed is started again with the next look."
            )
        case .quarantineNotStored:
            (
                "I8-nomad-5619",
                "The quarantine is forgotten with a restart of the controller."
            )
        case .deadlineNeverFires:
            (
                "I9-nomad-10465",
                "A rollout without progress goes on for ever."
            )
        case .rolloutForgotten:
            (
                "I9-restart",
                "A rollout under way is forgotten with a restart of the controller."
            )
        case .verdictWrittenAnew:
            (
                "I10-write-at-rest",
                "The verdict is written with each look, changed or not."
            )
        case .repairsWhatIsWell:
            (
                "I10-doco-cd-762",
                "What is as it should be is put right again with each look."
            )
        case .abortWhenIdle:
            (
                "I10-argo-rollouts-1292",
                "An abort without a rollout aborts what runs."
            )
        case .failedFetchIsEmpty:
            (
                "I11-argo-cd-3473",
                "A fetch that fails leaves an empty tree."
            )
        case .brakeIgnored:
            (
                "I11-brake",
                "The brake on removals does not hold."
            )
        case .brokenTreeIsProof:
            (
                "I11-broken-tree",
                "An app counts as absent although files of the tree cannot be read."
            )
        case .keptIsRemoved:
            (
                "I11-invalid-spec",
                "An app whose spec is broken is removed."
            )
        case .mirrorIsProof:
            (
                "I11-mirror",
                "What the mirror had last proves a removal before the remote is heard."
            )
        case .copiedLabelsAreOurs:
            (
                "I13-kustomize-controller-192",
                "A container is ours because of its labels."
            )
        case .fencedClaimsAgain:
            (
                "I14-claims-again",
                "A controller that another has followed claims the store back."
            )
        case .actsBeforeJournal:
            (
                "I14-unwritten",
                "Actions start although the store has refused their intents."
            )
        case .journalsAfterActing:
            (
                "I22-journal",
                "Actions start before their intents are written."
            )
        case .overtakenStays:
            (
                "I16-overtaken",
                "What neither the wanted release nor the last good one has made is left there."
            )
        case .ownershipNotStored:
            (
                "I16-kustomize-controller-209",
                "Which containers are ours is forgotten with a restart of the controller."
            )
        case .openIntentsForgotten:
            (
                "I16-open-intents",
                "Nobody looks for what was begun when the controller died."
            )
        case .eventsOnly:
            (
                "I17-argo-rollouts-3316",
                "The engine is listed once; after that only events count."
            )
        case .edgeReadOnce:
            (
                "I17-edge",
                "The edge is read once; after that only its answers count."
            )
        case .pullBlocksStarts:
            (
                "I18-flux2-5622",
                "Pulls wait in the same queue as starts."
            )
        case .environmentShown:
            (
                "I24-CVE-2025-23216",
                "The environment of an instance stands in the event of its start."
            )
        case .tagDeployed:
            (
                "I20-tag",
                "The tag is started, not the digest that it was resolved to."
            )
        case .supersedeWaits:
            (
                "I21-argo-cd-11494",
                "A commit has to wait until the rollout before it has ended."
            )
        case .staleListingWins:
            (
                "I21-stale-listing",
                "A listing overwrites what was seen after it began."
            )
        case .interruptedStaysLocked:
            (
                "I22-helm-controller-149",
                "What was begun when the controller died stays locked."
            )
        case .wallClockDeadlines:
            (
                "I23-kubernetes-5819",
                "Deadlines go by the wall clock."
            )
        case .rolledBackIsConverged:
            (
                "I25-docker-cli-6752",
                "An app that was rolled back is reported as converged."
            )
        case .rolledBackIsSucceeded:
            (
                "I25-doco-cd-1616",
                "A rollout that was rolled back stands in the history as succeeded."
            )
        case .groupPromotesAlone:
            (
                "I26-group",
                "An app of a release group succeeds before the others are ready."
            )
        case .hungContainerIsGone:
            (
                "L1-unreadable-is-gone",
                "A container that cannot be read counts as gone."
            )
        case .failedInspectIsGone:
            (
                "L1-error-is-gone",
                "A container whose inspection fails counts as gone."
            )
        case .worldFaultBlamed:
            (
                "L1-world-fault",
                "A failure of the world is held against the release."
            )
        case .stallsNotHeldAgainst:
            (
                "L1-stall",
                "The deadline runs on while the engine is away."
            )
        case .timerLost:
            (
                "L1-timer-lost",
                "Nobody wakes up for a deadline."
            )
        case .oldStoreBelieved:
            (
                "L2-old-store",
                "A store that is older than what runs is believed."
            )
        case .jobStartedAgain:
            (
                "I15-started-again",
                "A release command whose start has not been seen yet is started anew in another container."
            )
        case .commandNotAwaited:
            (
                "I15-not-awaited",
                "Instances of a release are started while its command runs."
            )
        case .commandCutOff:
            (
                "I15-two-at-once",
                "A newer commit begins its command while that of the one before runs."
            )
        case .cronForgets:
            (
                "I27-forgotten",
                "The time at which a cron entry was due is not remembered."
            )
        case .cronOverlaps:
            (
                "I27-overlap",
                "A cron entry that does not overlap is started while its last run goes on."
            )
        case .cronAdoptsNothing:
            (
                "I27-lost-store",
                "A store that was lost does not look for runs that are there."
            )
        }
    }

    public init?(id: String) {
        guard let found = Self.allCases.first(where: { $0.id == id }) else { return nil }
        self = found
    }

    private static let none = -1
    private static let planted = Atomic(none)

    /// Plants a bug in this process, instead of any other; `nil` takes it out again.
    public static func plant(_ mutant: Mutant?) {
        planted.store(mutant?.rawValue ?? none, ordering: .relaxed)
    }

    fileprivate var isPlanted: Bool { Self.planted.load(ordering: .relaxed) == rawValue }
}

/// Whether this bug is planted in this process.
public func isPlanted(_ mutant: Mutant) -> Bool { mutant.isPlanted }
#else
/// Never, in a release build.
@inlinable @inline(__always)
public func isPlanted(_ mutant: Mutant) -> Bool { false }
#endif

extension Release {
    /// What a planted bug makes of this release: another spec, or another digest of it, under the same number.
    public func forged(spec other: AppSpec? = nil, digest: ContentDigest? = nil) -> Release {
        Release(
            number: number, spec: other ?? spec, specDigest: digest ?? specDigest, image: image,
            origin: origin,
            templates: templates)
    }
}
