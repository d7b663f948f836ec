public import Model

/// Waiting times between attempts. Pure: the jitter comes from a seed, such as the app's name.
public enum Backoff {
    public static let longestRestart = TimeSpan.seconds(300)

    /// 1, 2, 4, … seconds up to `longest`, less up to a quarter by `seed`.
    ///
    /// - Parameter attempt: from 1.
    public static func delay(attempt: Int, longest: TimeSpan = longestRestart, seed: String) -> TimeSpan {
        let exponent = min(max(attempt, 1) - 1, 20)
        let full = min(Int64(1_000) << Int64(exponent), longest.milliseconds)
        let jitter = Int64(hash(seed, attempt) % 256) * (full / 4) / 256
        return .milliseconds(full - jitter)
    }

    /// FNV-1a: the same on every machine and in every run, unlike the standard library's hasher.
    private static func hash(_ text: String, _ attempt: Int) -> UInt64 {
        var value: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return (value ^ UInt64(truncatingIfNeeded: attempt)) &* 0x100_0000_01b3 >> 16
    }
}

/// How often an action has failed in a row, and when it may be tried again.
public struct ActionFailure: Hashable, Sendable {
    public var attempts: Int
    public var firstAt: Instant
    public var nextAttemptAt: Instant
    public var message: String
    public var isReleaseFault: Bool
    /// It was done each time, and the instance has ended by itself since: a pause between two attempts, which holds up no
    /// deadline.
    public var isPause: Bool

    public init(
        attempts: Int, firstAt: Instant, nextAttemptAt: Instant, message: String, isReleaseFault: Bool,
        isPause: Bool = false
    ) {
        self.attempts = attempts
        self.firstAt = firstAt
        self.nextAttemptAt = nextAttemptAt
        self.message = message
        self.isReleaseFault = isReleaseFault
        self.isPause = isPause
    }
}

/// What an action is about, for its failures: the kind and the object.
public struct ActionKey: Hashable, Sendable {
    public var kind: Action.Kind
    public var object: String
    public init(_ action: Action) {
        kind = action.kind
        object = action.object
    }
    public init(kind: Action.Kind, object: String) {
        self.kind = kind
        self.object = object
    }
}
