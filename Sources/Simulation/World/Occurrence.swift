internal import Model
internal import Ports

/// One thing that the seed has in store: a fault, a commit, or a request of a person.
///
/// All of them are drawn before the run, each class from a stream of its own. So an occurrence keeps its id and its
/// time when others are left out, and a failing run can be made smaller.
struct Occurrence: Sendable {
    /// Its class or kind and a number, such as `crash3`, `commit5`, `ask2`.
    var id: String
    /// `nil` for what is no fault.
    var fault: FaultClass?
    var at: Instant
    var kind: Kind

    enum Kind: Sendable {
        case push(CommitPlan)
        case ask(Request, app: Int)

        /// Kills the controller; the next `again` ones die soon after they start.
        case crash(CrashPoint, again: Int)
        case terminate
        case suspend(TimeSpan, hasSecond: Bool)
        case events(EventTrouble, TimeSpan)
        case read(ReadTrouble, TimeSpan)
        case call(CallTrouble, percent: Int, TimeSpan)
        case registry(RegistryTrouble, TimeSpan)
        case life(LifeTrouble)
        case engineRestart(TimeSpan)
        case reboot(TimeSpan)
        case diskFull(TimeSpan)
        case wallClock(seconds: Int64)
        case hand(HandWork)
        case storeRefuses(StoreError.Code, TimeSpan)
        case storeRestored
        case storeLost
        case git(SourceError.Code, TimeSpan)
        case gitContent(GitContent, TimeSpan)
        case edge(EdgeTrouble, TimeSpan)
        case pruneImages
        case moveTag(app: Int)
        case foreignImage(app: Int, TimeSpan)
        case takeName(app: Int, TimeSpan)
        case names(NameTrouble, TimeSpan)
        case partition(Partition, TimeSpan)
        case descriptors(Descriptors, TimeSpan)
        case storeCut(lost: Int)
        case storeOfYesterday
    }
}

/// Where a controller is killed.
enum CrashPoint: String, Sendable, CaseIterable {
    case now
    case beforeCall = "before a call"
    case beforeEffect = "with a call on its way"
    case afterEffect = "after the effect of a call"
    case afterAnswer = "after the answer of a call"
    case beforeCommit = "before a commit"
    case afterCommit = "after a commit"
    case fetching = "in a fetch"
    case listing = "in a listing"
}

enum EventTrouble: Sendable {
    case drop(percent: Int)
    case duplicate(percent: Int)
    case delay(milliseconds: Int)
    case broken
    case burst
    case unknown
}

enum ReadTrouble: Sendable {
    /// Each container of a listing is read at another time within so many seconds.
    case slow(seconds: Int)
    /// One container cannot be read; the others can.
    case hangingContainer(Int)
    case refused(EngineError.Code)
}

enum CallTrouble: String, Sendable, CaseIterable {
    case serverError = "answers 500"
    case conflict = "says that the name is in use"
    case gone = "says that it is not there"
    case timeoutBefore = "times out before acting"
    case timeoutAfter = "times out after acting"
    case hang = "hangs for five minutes"
    case resetBefore = "resets before acting"
    case resetAfter = "resets after acting"
    case twice = "acts twice"
    case ineffective = "says yes and does nothing"
}

enum RegistryTrouble: String, Sendable, CaseIterable {
    case down, limited, unauthorized, slow
}

enum LifeTrouble: Sendable {
    case exits(code: Int)
    case outOfMemory
    case sick(seconds: Int)
    case hangingProbe(seconds: Int)
}

enum HandWork: String, Sendable, CaseIterable {
    case remove = "removes by hand"
    case stop = "stops by hand"
    case kill = "kills by hand"
    case pause = "pauses by hand"
    case restart = "restarts by hand"
    case rename = "renames by hand"
    case limit = "changes the limits of"
    case disconnect = "disconnects from its network"
    case copyLabels = "starts a stranger with the labels of"
    case prune = "prunes what is stopped"
}

enum GitContent: String, Sendable, CaseIterable {
    case broken = "a broken file"
    case empty = "an empty tree"
    case old = "a force-push to an old commit"
    case burst = "a burst of commits"
}

enum EdgeTrouble: String, Sendable, CaseIterable {
    case unreachable = "is unreachable"
    case refuses = "refuses"
    case timeoutAfter = "times out after applying"
    case lost = "takes no effect"
    case forgets = "crashes and forgets its state"
}

/// Whose names are not resolved. Instances are asked by their addresses.
enum NameTrouble: String, Sendable, CaseIterable {
    case registry = "the registry's name"
    case git = "the git server's name"
    case both = "no name"
}

/// What does not reach what. The other side works on, and nobody is told.
enum Partition: String, Sendable, CaseIterable {
    case engine = "nothing passes between the controller and the engine"
    case answers = "the engine's answers do not reach the controller"
    case registry = "nothing passes between the engine and the registry"
    case instances = "the controller's probes do not reach the instances"
}

enum Descriptors: String, Sendable, CaseIterable { case controller, engine }

enum Request: String, Sendable, CaseIterable {
    case pause, abort, retry, rollback, promote, approve, sync
    case promoteFully = "promote --full"
}
