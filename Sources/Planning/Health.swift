public import Model

/// What is known of the health of one instance, as a value that probes and observations move on.
///
/// A start is proven by probes, never by silence: after each start, and after each start of the controller, an
/// instance is `unknown` until a probe has passed.
public struct InstanceHealth: Hashable, Sendable {
    public enum Readiness: String, Hashable, Sendable {
        /// Not asked yet, or not running.
        case unknown
        /// Running, no probe has passed since its start.
        case starting
        case ready
        /// It failed as many probes in a row as the spec allows.
        case unhealthy
    }

    public private(set) var readiness: Readiness
    /// Since when `readiness` stands.
    public private(set) var since: Instant
    /// When the present start was first seen.
    public private(set) var startedAt: Instant
    /// Exits of the process seen since the container was made.
    public private(set) var crashes: Int
    /// The code of the last exit, if one was seen.
    public private(set) var lastExitCode: Int?
    public private(set) var wasOutOfMemory: Bool
    public private(set) var consecutiveFailures: Int
    /// The last failed probe, for people; empty while all is well.
    public private(set) var message: String
    public private(set) var nextProbeAt: Instant
    /// Restarts that the controller made because of failed probes, for the back-off.
    public private(set) var livenessRestarts: Int

    /// What was asked last, and what was asked when a probe last passed: a release with another check has to be
    /// proven by that check, even where it shares the instance.
    public private(set) var askedWith: ProbePolicy.Question?
    public private(set) var provenWith: ProbePolicy.Question?

    /// It has been started, or was found running, and has not been found well or sick since.
    public private(set) var isUnasked: Bool
    /// What was found running may have served for months: one bad answer is not enough to doubt it.
    private var wasFoundRunning: Bool
    private var failuresAtFirst = 0
    /// It ran when the controller first saw it, and has not been asked to the end: as likely well as not.
    public var isUndecided: Bool { isUnasked && wasFoundRunning }

    private var startStamp: String
    private var restartCount: Int
    private var wasRunning: Bool

    /// - Parameter livenessRestarts: of containers before it under the same name, so that the back-off goes on.
    public init(_ instance: ObservedInstance, now: Instant, livenessRestarts: Int = 0) {
        readiness = .unknown
        since = now
        startedAt = now
        // Of one that runs when it is first seen, old restarts are nobody's fault any more.
        crashes = instance.state == .running ? 0 : instance.restartCount
        wasOutOfMemory = false
        consecutiveFailures = 0
        message = ""
        nextProbeAt = now
        self.livenessRestarts = livenessRestarts
        startStamp = instance.startStamp
        restartCount = instance.restartCount
        wasRunning = false
        isUnasked = false
        wasFoundRunning = false
        observe(instance, now: now)
        wasFoundRunning = wasRunning
    }

    /// Takes a new observation in. Returns whether anything changed.
    @discardableResult
    public mutating func observe(_ instance: ObservedInstance, now: Instant) -> Bool {
        let before = self
        if instance.restartCount > restartCount { crashes += instance.restartCount - restartCount }
        let isNewStart = instance.startStamp != startStamp || instance.restartCount != restartCount
        startStamp = instance.startStamp
        restartCount = instance.restartCount
        switch instance.state {
        case .running:
            if isNewStart || !wasRunning { begin(now: now) }
            wasRunning = true
        case .exited(let code, let outOfMemory):
            if wasRunning || lastExitCode == nil { crashes += 1 }
            lastExitCode = code
            wasOutOfMemory = wasOutOfMemory || outOfMemory
            stop(now: now)
        case .restarting(let code, let outOfMemory):
            lastExitCode = code
            wasOutOfMemory = wasOutOfMemory || outOfMemory
            stop(now: now)
        case .created, .paused, .removing, .dead:
            stop(now: now)
        }
        return self != before
    }

    /// Takes the result of a probe in. Returns whether anything changed that a plan or a person looks at.
    @discardableResult
    public mutating func probed(
        _ passed: Bool?, message text: String, policy: ProbePolicy, now: Instant
    ) -> Bool {
        let before = (readiness, message)
        let provenBefore = provenWith
        guard wasRunning else { return false }
        if askedWith != policy.question, passed != nil {
            askedWith = policy.question
            consecutiveFailures = 0
            // The verdict of another question is none on this one.
            if readiness == .unhealthy { move(to: .starting, now: now) }
        }
        switch passed {
        case true?:
            isUnasked = false
            consecutiveFailures = 0
            message = ""
            if provenWith != policy.question { since = now }
            provenWith = policy.question
            move(to: .ready, now: now)
            // A start that held for the longest back-off is forgiven its predecessors.
            if livenessRestarts > 0, now - since > Backoff.longestRestart { livenessRestarts = 0 }
        case false?:
            failuresAtFirst += 1
            if !wasFoundRunning || failuresAtFirst >= policy.retries { isUnasked = false }
            message = text
            if readiness == .ready || readiness == .unhealthy || now - startedAt >= policy.startPeriod {
                consecutiveFailures += 1
                if consecutiveFailures >= policy.retries { move(to: .unhealthy, now: now) }
            }
        case nil:
            break
        }
        let isSettled = readiness == .ready && consecutiveFailures == 0
        nextProbeAt = now + (isSettled ? policy.interval : policy.startInterval)
        return before != (readiness, message) || provenBefore != provenWith
    }

    /// Notes that the controller has restarted the instance, whether or not a reading shows it yet: what was known of
    /// the start before counts no more.
    public mutating func restarted(now: Instant) {
        guard wasRunning, readiness == .unhealthy else { return }
        begin(now: now)
    }

    /// Notes that nobody could ask the instance until now: one that is undecided has all of its time anew.
    public mutating func stoodStill(now: Instant) {
        if isUndecided { startedAt = now }
    }

    /// Notes that the controller restarts the instance because of failed probes.
    public mutating func restartedForLiveness() { livenessRestarts += 1 }

    private mutating func begin(now: Instant) {
        startedAt = now
        isUnasked = true
        wasFoundRunning = false
        failuresAtFirst = 0
        provenWith = nil
        consecutiveFailures = 0
        nextProbeAt = now
        move(to: isPlanted(.runningIsReady) ? .ready : .starting, now: now)
    }

    private mutating func stop(now: Instant) {
        wasRunning = false
        isUnasked = false
        consecutiveFailures = 0
        nextProbeAt = .distantFuture
        move(to: .unknown, now: now)
    }

    private mutating func move(to new: Readiness, now: Instant) {
        guard new != readiness else { return }
        readiness = new
        since = now
    }
}

/// How a process is probed, with all defaults filled in.
public struct ProbePolicy: Hashable, Sendable {
    /// `nil`: there is nothing to ask; an instance that runs is taken as ready.
    public var check: HealthcheckSpec.Check?
    public var interval: TimeSpan
    public var timeout: TimeSpan
    public var retries: Int
    public var startInterval: TimeSpan
    public var startPeriod: TimeSpan
    /// What is asked, apart from how often and how patiently.
    public var question: Question

    public struct Question: Hashable, Sendable {
        public var check: HealthcheckSpec.Check?
        public var port: Int?
    }

    /// A process without a health check but with a port is asked by a TCP connection; one with neither is ready as
    /// long as it runs, so that only `min_healthy_time` without an exit proves it.
    public init(_ process: ProcessSpec) {
        let spec = process.healthcheck
        check = spec?.check ?? process.port.map { .tcp(port: $0) }
        question = Question(check: check, port: process.port)
        let defaults = spec ?? HealthcheckSpec(check: .tcp(port: nil))
        interval = defaults.effectiveInterval
        timeout = defaults.effectiveTimeout
        retries = max(1, defaults.effectiveRetries)
        startInterval = defaults.effectiveStartInterval
        startPeriod = defaults.effectiveStartPeriod
    }
}
