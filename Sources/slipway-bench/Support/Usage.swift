import Glibc

/// What a process has used, as the kernel counts it.
enum Usage {
    /// Processor time of this process so far, all threads, in milliseconds.
    static func processorMilliseconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1_000 + Double(time.tv_nsec) / 1_000_000
    }

    /// The most memory that a process has had resident, in MiB.
    static func peakMebibytes(process: String = "self") throws(BenchError) -> Double {
        guard let file = unsafe fopen("/proc/\(process)/status", "r") else {
            throw BenchError("process \(process) is gone")
        }
        defer { unsafe fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 8_192)
        let count = unsafe fread(&buffer, 1, buffer.count, file)
        let lines = String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("VmHWM:") }),
            let kibibytes = Double(line.filter(\.isNumber))
        else { throw BenchError("/proc/\(process)/status does not say VmHWM") }
        return kibibytes / 1_024
    }
}

/// Time on the wall, in milliseconds.
struct Stopwatch: Sendable {
    private let start = ContinuousClock.now
    var milliseconds: Double { Self.milliseconds(start.duration(to: .now)) }

    static func milliseconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds) * 1_000 + Double(attoseconds) / 1e15
    }
}

/// Waits for a condition, asking every `step`.
func waitUntil(
    _ what: String, timeout: Duration = .seconds(120), step: Duration = .milliseconds(2),
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + timeout
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw BenchError("\(what): not within \(timeout)") }
        try await Task.sleep(for: step)
    }
}
