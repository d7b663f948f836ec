internal import CLinux
internal import Execution
internal import Glibc
internal import Synchronization

/// Where the handler below writes to; -1: nowhere.
private let signalPipe = Atomic<Int32>(-1)

/// Does nothing but what is allowed in a signal's handler.
private func noteSignal(_ number: Int32) {
    let kept = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = unsafe write(signalPipe.load(ordering: .relaxed), &byte, 1)
    errno = kept
}

/// The signals that a session on a terminal has to know of, as bytes.
///
/// Not `Signals`: that has to block them before any thread is started, which would make them deaf in every command.
final class SignalFeed: Sendable {
    static let windowSize = UInt8(SIGWINCH)
    private static let ends = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    let channel: ByteChannel
    private let pipe: [Int32]

    /// `nil` where the system has no descriptors left. One at a time.
    init?() {
        var pair: [Int32] = [-1, -1]
        guard unsafe pipe2(&pair, Int32(O_CLOEXEC | O_NONBLOCK)) == 0,
            let channel = try? ByteChannel(InputTransport(pair[0]), name: "signals")
        else { return nil }
        pipe = pair
        self.channel = channel
        signalPipe.store(pair[1], ordering: .relaxed)
        for number in Self.ends + [SIGWINCH] { _ = signal(number, noteSignal) }
    }

    deinit {
        for number in Self.ends + [SIGWINCH] { _ = signal(number, SIG_DFL) }
        signalPipe.store(-1, ordering: .relaxed)
        close(pipe[1])
        // The reading end stays open with the program: the channel's thread may still look at it.
    }

    /// Ends the program as the signal would have.
    static func obey(_ number: UInt8) {
        _ = signal(Int32(number), SIG_DFL)
        // To the program, as the thread that runs this is deaf to it.
        _ = kill(getpid(), Int32(number))
    }
}
