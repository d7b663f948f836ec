/// A certificate that is kept in a file.
struct StoredCertificate: Hashable, Sendable {
    var path: String
    /// Of the file's content.
    var digest: String
    var facts: CertificateFacts
}

/// A host with what is known of it.
struct HostRecord: Sendable {
    var certificate: StoredCertificate?
    var memory = HostMemory()
}

/// A certificate that could answer for some names.
struct Candidate: Sendable {
    var certificate: StoredCertificate
    /// Names that it may be used for.
    var hosts: [String]
    var isOwn: Bool

    func isValid(_ now: Int64) -> Bool { certificate.facts.isValid(at: now) }

    /// Valid before expired, the operator's before others, those that last before those that end.
    func isBetter(than other: Candidate, now: Int64) -> Bool {
        if isValid(now) != other.isValid(now) { return isValid(now) }
        if isOwn != other.isOwn { return isOwn }
        let (end, otherEnd) = (certificate.facts.notAfter, other.certificate.facts.notAfter)
        return end != otherEnd ? end > otherEnd : certificate.path < other.certificate.path
    }
}

/// Which certificate answers for which name: pure.
enum Assignment {
    /// - Parameter names: that have had a file of their own. The edge may still have it, and it goes before a
    ///   wildcard's, so it has to stay as good as that one.
    static func winners(
        among candidates: [Candidate], names: some Sequence<String>, now: Int64
    ) -> [String: Candidate] {
        var winners: [String: Candidate] = [:]
        for candidate in candidates {
            for host in candidate.hosts {
                if let other = winners[host], !candidate.isBetter(than: other, now: now) { continue }
                winners[host] = candidate
            }
        }
        for name in Set(names).union(winners.keys) {
            guard let dot = name.firstIndex(of: "."), !name.hasPrefix("*."),
                let wildcard = winners["*" + name[dot...]]
            else { continue }
            // A name of the certificate itself is as good a reason to use it as a wildcard; a better one
            // wins.
            if let exact = winners[name],
                exact.isOwn && exact.isValid(now) || !wildcard.isBetter(than: exact, now: now)
            {
                continue
            }
            winners[name] = wildcard
        }
        return winners
    }
}
