internal import Glibc

/// The kernel's clocks, as plain readings.
public enum BootClock {
    /// Nanoseconds since the machine was started, sleep included; never runs backwards within one boot.
    public static func nanoseconds() -> Int64 { read(CLOCK_BOOTTIME) }

    /// Seconds since 1970, for people only.
    public static func wallSeconds() -> Int64 { read(CLOCK_REALTIME) / 1_000_000_000 }

    /// The kernel's random id of this boot; empty where it cannot be read.
    public static func bootID() -> String {
        guard let file = unsafe fopen("/proc/sys/kernel/random/boot_id", "r") else { return "" }
        defer { unsafe fclose(file) }
        var buffer = [CChar](repeating: 0, count: 64)
        guard unsafe fgets(&buffer, 64, file) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 > 32 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
