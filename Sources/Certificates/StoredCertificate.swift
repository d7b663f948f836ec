/// A certificate that stands in a file the edge can read.
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

/// Which file answers for which name: pure.
struct Assignment {
    struct Candidate {
        var certificate: StoredCertificate
        /// Names that it may be used for.
        var hosts: [String]
        var isOwn: Bool
    }

    struct File: Hashable {
        var path: String
        var digest: String
        var hosts: [String]
    }

    /// Sorted by path; each name stands in one of them only.
    let files: [File]

    init(_ candidates: [Candidate], now: Int64) {
        var winners: [String: Candidate] = [:]
        for candidate in candidates {
            for host in candidate.hosts {
                if let other = winners[host], !Self.isBetter(candidate, than: other, now: now) { continue }
                winners[host] = candidate
            }
        }
        // The operator's wildcard goes before what was issued for one of its hosts.
        let wildcards = Set(
            winners.filter { $0.value.isOwn && $0.key.hasPrefix("*.") && $0.value.isValid(now) }.keys)
        var hosts: [String: [String]] = [:]
        for (host, winner) in winners {
            if !winner.isOwn, let dot = host.firstIndex(of: "."), wildcards.contains("*" + host[dot...]) {
                continue
            }
            hosts[winner.certificate.path, default: []].append(host)
        }
        var digests: [String: String] = [:]
        for candidate in candidates { digests[candidate.certificate.path] = candidate.certificate.digest }
        files = hosts.keys.sorted().map { path in
            File(path: path, digest: digests[path] ?? "", hosts: hosts[path, default: []].sorted())
        }
    }

    static func isBetter(_ left: Candidate, than right: Candidate, now: Int64) -> Bool {
        if left.isValid(now) != right.isValid(now) { return left.isValid(now) }
        if left.isOwn != right.isOwn { return left.isOwn }
        let (leftEnd, rightEnd) = (left.certificate.facts.notAfter, right.certificate.facts.notAfter)
        return leftEnd != rightEnd ? leftEnd > rightEnd : left.certificate.path < right.certificate.path
    }
}

extension Assignment.Candidate {
    func isValid(_ now: Int64) -> Bool { certificate.facts.isValid(at: now) }
}
