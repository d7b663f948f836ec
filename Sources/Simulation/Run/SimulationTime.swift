internal import Model

/// Simulated time for people: hours, minutes, seconds and microseconds since the start.
enum SimulationTime {
    static func text(_ instant: Instant) -> String {
        let microseconds = instant.nanoseconds / 1_000
        let seconds = microseconds / 1_000_000
        let parts = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }
        return parts.joined(separator: ":") + "." + padded(microseconds % 1_000_000, 6)
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
