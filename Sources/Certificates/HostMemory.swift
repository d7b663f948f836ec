internal import FoundationEssentials

/// What is kept of the attempts for one host, beside its certificate, so that a restart does not begin them
/// anew.
struct HostMemory: Codable, Hashable, Sendable {
    /// Attempts that have failed in a row.
    var failures = 0
    /// When the authority was asked in vain: seconds since 1970, rising, the last five.
    var attempts: [Int64] = []
    /// Nothing is asked for before; counts after a failure only.
    var nextAttempt: Int64 = 0
    /// Why the last attempt failed, and what to do about it.
    var problem: String?
    /// When the certificate was put in place, and by the account of which settings.
    var issuedAt: Int64 = 0
    var issuedBy: String?
    /// The settings under which the attempts failed: with others they are worth trying at once.
    var settings = ""

    static func read(_ path: String, now: Int64) -> HostMemory {
        guard CertificateFiles.exists(path) else { return HostMemory() }
        do {
            return try JSONDecoder().decode(HostMemory.self, from: Data(try CertificateFiles.read(path)))
        } catch {
            // What cannot be read may have been a long pause; none at all would make a storm of a damaged
            // disk.
            return HostMemory(
                failures: 1, nextAttempt: now + Schedule.limitPause,
                problem: "what was kept of earlier attempts in \(path) cannot be read")
        }
    }

    func write(_ path: String) throws(CertificateFailure) {
        guard let data = try? JSONEncoder().encode(self) else {
            throw CertificateFailure("cannot write down what \(path) is for")
        }
        try CertificateFiles.replace(path, with: Array(data))
    }

    /// Counts an attempt that has failed at `now`, or is about to begin and may never tell.
    mutating func fail(_ failure: CertificateFailure, now: Int64, host: String) {
        failures = min(failures + 1, 1_000_000)
        if failure.blame != .machine { attempts = (attempts + [now]).suffix(Schedule.failuresPerHour) }
        problem = failure.message
        nextAttempt = Schedule.retry(
            after: failure.blame, failures: failures, attempts: attempts, now: now, host: host)
    }

    mutating func succeed(now: Int64, account: String) {
        self = HostMemory(issuedAt: now, issuedBy: account, settings: settings)
    }
}
