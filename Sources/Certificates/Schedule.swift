internal import Crypto

/// When a certificate is asked for: pure, in seconds since 1970.
enum Schedule {
    static let firstBackoff: Int64 = 60
    static let longestBackoff: Int64 = 24 * 3_600
    static let longestMachineBackoff: Int64 = 300
    static let limitPause: Int64 = 3_600
    /// An authority that names a later time than this is not believed.
    static let longestLimitPause: Int64 = 8 * 24 * 3_600
    static let failuresPerHour = 5
    static let shortestUse: Int64 = 12 * 3_600

    /// Two thirds of the life, and up to a thirtieth of it later, so that hosts that came together part.
    ///
    /// - Parameter issuedAt: when it was put in place by this machine's clock. A clock that is ahead makes no
    /// orders
    ///   without end: it is used for half a day, or half its life, in any case.
    static func renewal(notBefore: Int64, notAfter: Int64, issuedAt: Int64, host: String) -> Int64 {
        let life = max(0, notAfter.subtractingReportingOverflow(notBefore).partialValue)
        let point = notBefore &+ life / 3 * 2 &+ Int64(Double(life / 30) * share(of: host))
        return max(point, issuedAt &+ min(shortestUse, life / 2))
    }

    /// The time for the next attempt after the failures so far, the last of them at `now`.
    ///
    /// - Parameters:
    ///   - failures: in a row, at least 1.
    ///   - attempts: when the authority was asked and refused, rising.
    static func retry(
        after blame: CertificateFailure.Blame, failures: Int, attempts: [Int64], now: Int64, host: String
    ) -> Int64 {
        let doublings = min(max(0, failures - 1), 20)
        let plain = min(firstBackoff << doublings, longestBackoff)
        let spread = min(longestBackoff, plain + Int64(Double(plain / 10) * share(of: "\(host) \(failures)")))
        switch blame {
        case .machine: return now + min(spread, longestMachineBackoff)
        case .authority: return afterBound(attempts, earliest: now + spread)
        case .limit(let until):
            let asked = min(until ?? now, now + longestLimitPause)
            return afterBound(attempts, earliest: max(asked, now + max(limitPause, spread)))
        }
    }

    /// The first time from `earliest` on at which an hour has not seen five failures.
    static func afterBound(_ attempts: [Int64], earliest: Int64) -> Int64 {
        guard attempts.count >= failuresPerHour else { return earliest }
        return max(earliest, attempts[attempts.count - failuresPerHour] + 3_600)
    }

    /// The same for the same text, evenly spread from 0 to 1.
    private static func share(of text: String) -> Double {
        let bytes = ContentHash.sha256Bytes(text.utf8)
        return (Double(bytes[0]) * 256 + Double(bytes[1])) / 65_535
    }
}
