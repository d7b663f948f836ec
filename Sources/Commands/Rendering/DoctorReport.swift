internal import Model

/// What `slipway doctor` finds: one entry for each part of the installation, and one for each thing that is wrong.
struct DoctorReport: Encodable, Hashable {
    struct Finding: Encodable, Hashable {
        var part: String
        var isGood: Bool
        /// What is so, and where it is wrong what to do about it.
        var message: String
    }
    var findings: [Finding]

    var isGood: Bool { findings.allSatisfy(\.isGood) }

    init(_ status: InstallationStatus) {
        findings = [Self.engine(status)] + status.sources.map { Self.source($0, now: status.at) }
        findings += Self.edge(status)
        findings += (status.notices ?? []).filter { $0.problem != nil }.map {
            Finding(
                part: "notices to \($0.to)", isGood: false,
                message: "\($0.problem ?? ""); \(Phrases.count($0.pending, "notice")) waiting")
        }
        // The engine and the edge have said for themselves what they are.
        findings += status.because.filter { $0.cause != .engine && $0.cause != .edge }.map {
            Finding(part: Phrases.words($0.cause.rawValue), isGood: false, message: $0.message)
        }
    }

    private static func engine(_ status: InstallationStatus) -> Finding {
        let engine = status.engine
        guard engine.isReachable else {
            let reason = status.because.first { $0.cause == .engine }?.message ?? "it does not answer"
            return Finding(part: "engine", isGood: false, message: reason)
        }
        return Finding(
            part: "engine", isGood: true,
            message: "\(engine.name) \(engine.version), API \(engine.apiVersion)")
    }

    private static func source(_ source: SourceStatus, now: WallTime) -> Finding {
        let part = "source \(source.name)"
        if let blocker = source.because.first {
            return Finding(part: part, isGood: false, message: blocker.message)
        }
        let errors = source.diagnostics.count { $0.severity == .error }
        guard errors == 0 else {
            return Finding(
                part: part, isGood: false,
                message: "\(Phrases.count(errors, "error")) in its files; `slipway status` lists them")
        }
        guard let commit = source.commit, let fetched = source.fetchedAt else {
            return Finding(part: part, isGood: false, message: "\(source.repository) has not been read yet")
        }
        let age = Phrases.since(Phrases.age(from: fetched, to: now))
        return Finding(
            part: part, isGood: true, message: "\(source.branch)@\(commit.id.short), fetched \(age) ago")
    }

    private static func edge(_ status: InstallationStatus) -> [Finding] {
        guard let edge = status.edge else { return [] }
        let problems = status.because.filter { $0.cause == .edge }.map {
            Finding(part: "edge", isGood: false, message: $0.message)
        }
        let itself = Finding(part: "edge", isGood: true, message: edge.version)
        return (problems.isEmpty ? [itself] : problems)
            + edge.certificates.map { certificate($0, now: status.at) }
    }

    private static func certificate(_ certificate: CertificateReport, now: WallTime) -> Finding {
        let part = "certificate \(certificate.host)"
        let left = certificate.expiresAt.map { $0.secondsSince1970 - now.secondsSince1970 }
        let expiry = left.map { $0 > 0 ? "expires in \(Phrases.span($0))" : "has expired" }
        if let problem = certificate.problem {
            let next = certificate.nextAttemptAt.map {
                ", next attempt in \(Phrases.span($0.secondsSince1970 - now.secondsSince1970))"
            }
            return Finding(part: part, isGood: false, message: problem + (next ?? ""))
        }
        let kind = Phrases.words(certificate.kind.rawValue)
        return Finding(
            part: part, isGood: certificate.kind != .selfSigned && (left ?? 1) > 0,
            message: [kind, certificate.issuer, expiry ?? ""].filter { !$0.isEmpty }.joined(separator: ", "))
    }

    func lines() -> [Line] {
        let bad = findings.count { !$0.isGood }
        let head =
            bad == 0
            ? Line("✔ the installation is well", .good)
            : Line("✗ \(Phrases.count(bad, "thing")) to look at", .bad)
        return [head]
            + findings.map { finding in
                Line("  \(finding.isGood ? "✔" : "✗") ", finding.isGood ? .good : .bad)
                    + Line("\(finding.part): ", .strong) + Line(finding.message)
            }
    }
}
