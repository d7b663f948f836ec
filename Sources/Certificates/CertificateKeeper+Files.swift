internal import Crypto

extension CertificateKeeper {
    static let standInName = "slipway default"
    private static let standInLife: Int64 = 10 * 365 * 86_400
    private static let standInRest: Int64 = 30 * 86_400

    var issuedFolder: String { configuration.directory + "/issued" }

    func certificatePath(_ host: String) -> String { "\(issuedFolder)/\(HostName.fileName(of: host)).pem" }
    func memoryPath(_ host: String) -> String { "\(issuedFolder)/\(HostName.fileName(of: host)).json" }

    /// Makes the directory, reads what is in it, and sees to the self-signed certificate.
    func prepare() {
        do throws(CertificateFailure) {
            if !isLoaded { try load() }
            if configuration.hasDefault { try renewStandIn() }
            try live.hold(winners())
            directoryProblem = nil
        } catch {
            if directoryProblem != error.message { log("certificates: \(error.message)") }
            directoryProblem = error.message
        }
    }

    private func load() throws(CertificateFailure) {
        try CertificateFiles.makeFolder(configuration.directory)
        try CertificateFiles.makeFolder(issuedFolder)
        try CertificateFiles.makeFolder(configuration.directory + "/lego")
        try live.load()
        var found: [String: HostRecord] = [:]
        for name in try CertificateFiles.names(in: issuedFolder) {
            let host = HostName.host(ofFileName: String(name.dropLast(name.hasSuffix(".pem") ? 4 : 5)))
            guard HostName.objection(to: host) == nil else { continue }
            if name.hasSuffix(".pem") {
                found[host, default: HostRecord()].certificate = stored(issuedFolder + "/" + name)
            } else if name.hasSuffix(".json") {
                found[host, default: HostRecord()].memory = HostMemory.read(
                    issuedFolder + "/" + name, now: now)
            }
        }
        if let source = configuration.ownDirectory {
            var files = OwnFiles(source: source, copies: configuration.directory + "/own")
            try files.load()
            for note in files.scan() { log(note) }
            own = files
        }
        records = found
        isLoaded = true
    }

    private func stored(_ path: String) -> StoredCertificate? {
        do throws(CertificateFailure) {
            let bytes = try CertificateFiles.read(path)
            let bundle = try CertificateBundle(key: bytes, certificates: bytes)
            return StoredCertificate(path: path, digest: ContentHash.sha256(bytes), facts: bundle.facts)
        } catch {
            log("certificates: \(path) is not used: \(error.message)")
            return nil
        }
    }

    private func renewStandIn() throws(CertificateFailure) {
        let now = now
        let path = configuration.directory + "/default.pem"
        if standIn == nil, CertificateFiles.exists(path) { standIn = stored(path) }
        if let standIn, standIn.facts.notAfter > now + Self.standInRest { return }
        let bundle = try CertificateBundle(
            selfSigned: Self.standInName, notBefore: now - 3_600, notAfter: now + Self.standInLife)
        try CertificateFiles.replace(path, with: bundle.pem)
        standIn = StoredCertificate(path: path, digest: ContentHash.sha256(bundle.pem), facts: bundle.facts)
    }

    /// All that the edge is to use, the self-signed one first.
    func filesInUse() -> [LiveFiles.File] {
        let first = standIn.map { [LiveFiles.File(path: $0.path, digest: $0.digest, hosts: [])] } ?? []
        return first + live.files(of: winners().keys)
    }

    private func winners() -> [String: Candidate] {
        let now = now
        let candidates = ownCandidates() + issuedCandidates(now: now)
        return Assignment.winners(among: candidates, names: live.digests.keys, now: now)
    }

    func ownCandidates() -> [Candidate] {
        (own?.entries.values).map(Array.init)?.compactMap { entry in
            guard let path = entry.path, let facts = entry.facts else { return nil }
            let certificate = StoredCertificate(path: path, digest: entry.digest, facts: facts)
            return Candidate(certificate: certificate, hosts: facts.hosts, isOwn: true)
        } ?? []
    }

    private func issuedCandidates(now: Int64) -> [Candidate] {
        records.compactMap { host, record in
            guard let certificate = record.certificate else { return nil }
            // Hosts are missing from what is wanted while a source cannot be read: nothing goes early.
            guard certificate.facts.isValid(at: now) || wanted?.contains(host) != false else { return nil }
            return Candidate(certificate: certificate, hosts: [host], isOwn: false)
        }
    }

    /// What answers for `host` now, the self-signed one aside.
    func serving(_ host: String, now: Int64) -> Candidate? {
        var candidates = ownCandidates().filter { $0.certificate.facts.covers(host) }
        if let certificate = records[host]?.certificate {
            candidates.append(Candidate(certificate: certificate, hosts: [host], isOwn: false))
        }
        return candidates.max { $1.isBetter(than: $0, now: now) }
    }
}
