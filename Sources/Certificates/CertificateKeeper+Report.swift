public import Model
internal import Ports

extension CertificateKeeper {
    public func report() async -> [CertificateReport] {
        prepare()
        let now = now
        return (wanted ?? []).sorted().map { report(on: $0, now: now) }
    }

    /// What is wrong with the operator's own files, sorted; empty: nothing, or there are none. Files that no
    /// wanted host would use are among them.
    public func ownProblems() async -> [String] {
        prepare()
        return ((own?.problem).map { ["own certificates: \($0)"] } ?? [])
            + (own?.entries.values.compactMap(\.problem).sorted() ?? [])
    }

    private func report(on host: String, now: Int64) -> CertificateReport {
        let memory = memory(of: host)
        let serving = serving(host, now: now)
        let isOwn = serving?.isOwn == true && serving?.isValid(now) == true
        var problems: [String] = []
        if let serving, !serving.isValid(now) {
            problems.append("the certificate has expired and stays in use until there is another one")
        }
        if let objection = objection(to: host), !isOwn { problems.append(objection) }
        if memory.failures > 0, let problem = memory.problem, !isOwn { problems.append(problem) }
        if let entries = own?.entries {
            for stem in entries.keys.sorted() {
                guard let problem = entries[stem]?.problem else { continue }
                let isMeant = stem == host || stem == HostName.fileName(of: host)
                if isMeant || entries[stem]?.facts?.covers(host) == true { problems.append(problem) }
            }
        }
        if let problem = own?.problem { problems.append("own certificates: \(problem)") }
        let wildcard = host.firstIndex(of: ".").map { "*" + host[$0...] } ?? ""
        if let problem = (deliveries[live.path(host)] ?? deliveries[live.path(wildcard)])?.problem {
            problems.append("the edge has not taken the certificate yet: \(problem)")
        }
        if let directoryProblem { problems.append(directoryProblem) }
        return CertificateReport(
            host: host, kind: serving.map { $0.isOwn ? .own : .issued } ?? .selfSigned,
            issuer: serving?.certificate.facts.issuer ?? Self.standInName,
            expiresAt: serving.map { WallTime(secondsSince1970: $0.certificate.facts.notAfter) },
            nextAttemptAt: due(host, now: now).map { WallTime(secondsSince1970: max($0, now)) },
            failures: isOwn ? 0 : memory.failures,
            problem: problems.isEmpty ? nil : problems.joined(separator: "; "))
    }

    /// Why no certificate is asked for; `nil`: one is.
    func objection(to host: String) -> String? {
        if let objection = HostName.objection(to: host) { return objection }
        guard let acme = configuration.acme else {
            return "no authority is configured: configure one, or put the host's own certificate into "
                + (configuration.ownDirectory ?? "a directory of own certificates")
        }
        if let objection = acme.objection { return objection }
        if host.hasPrefix("*."), acme.dns == nil {
            return
                "a certificate for \(host) needs proof by DNS: configure a DNS provider and its environment file, "
                + "or put an own certificate into "
                + (configuration.ownDirectory ?? "a directory of own certificates")
        }
        return nil
    }
}
