internal import Glibc

/// Signals as a stream. The named signals no longer end the process.
public enum Signals {
    /// Blocks `signals` in every thread started from now on, and delivers them here. Call it before any thread is
    /// started, once per process.
    public static func stream(_ signals: [Int32]) -> AsyncStream<Int32> {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        let (stream, continuation) = AsyncStream.makeStream(
            of: Int32.self, bufferingPolicy: .bufferingNewest(8))
        let waited = set
        Thread.start(name: "signals") {
            var set = waited
            while true {
                var signal: Int32 = 0
                if unsafe sigwait(&set, &signal) == 0 { continuation.yield(signal) }
            }
        }
        return stream
    }

    /// Makes writes to a closed peer an error instead of the end of the process. Call it once at start.
    public static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

    public static let interrupt = SIGINT
    public static let terminate = SIGTERM
    public static let hangup = SIGHUP
}
