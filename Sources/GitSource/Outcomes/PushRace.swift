internal import Glibc

/// How often a push that somebody else's has overtaken is made again, and after what time.
///
/// Several writers that begin again at once would meet again, so each waits for a time of its own that grows with the
/// losses. A remote that refuses although nothing has moved is asked a few times only: that is a rule of its, not a race.
struct PushRace {
    static let maximumLosses = 16
    static let maximumRefusals = 5
    /// Between two attempts, at most.
    static let longestWaitInMilliseconds = 1_000

    private var losses = 0
    private var refusals = 0
    private var lastHead: ObjectID??

    /// - Parameter head: of the reference, as the attempt that was lost has found it.
    /// - Returns: whether to try again.
    mutating func isWorthAnother(after head: ObjectID?, isRefusal: Bool) -> Bool {
        losses += 1
        refusals = isRefusal && lastHead == .some(head) ? refusals + 1 : 1
        lastHead = .some(head)
        return losses < Self.maximumLosses && (!isRefusal || refusals < Self.maximumRefusals)
    }

    /// In the helper's process, which has nothing else to do and is killed when its time is over.
    func wait() {
        let longest = min(Self.longestWaitInMilliseconds, 10 << min(losses, 10))
        usleep(UInt32.random(in: 0...UInt32(longest) * 1_000))
    }
}
