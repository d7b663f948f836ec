internal import Crypto

extension CertificateKeeper {
    /// Takes what an order has brought that was cut off before its certificate was put in place.
    func adopt(_ host: String, acme: ACMEConfiguration) -> Bool {
        let folder = "\(configuration.directory)/lego/\(LegoCommand.accountName(acme))"
        // Nothing there, or nothing good: an order follows.
        guard let bundle = try? result(host, folder: folder), bundle.facts.isValid(at: now),
            bundle.facts.notAfter > records[host]?.certificate?.facts.notAfter ?? 0,
            Schedule.renewal(
                notBefore: bundle.facts.notBefore, notAfter: bundle.facts.notAfter, issuedAt: 0, host: host)
                > now
        else { return false }
        do throws(CertificateFailure) {
            try install(bundle, host: host, acme: acme)
            return true
        } catch {
            fail(error, host: host, after: records[host]?.memory ?? HostMemory(), acme: acme)
            return true
        }
    }

    /// What `lego` has put down for `host`, verified but for its date.
    func result(_ host: String, folder: String) throws(CertificateFailure) -> CertificateBundle {
        let stem = "\(folder)/certificates/\(HostName.fileName(of: host))"
        let key = try CertificateFiles.read(stem + ".key")
        let bundle = try CertificateBundle(key: key, certificates: try CertificateFiles.read(stem + ".crt"))
        guard bundle.facts.covers(host) else {
            throw CertificateFailure(
                .authority, "the certificate that was issued is for other names than \(host)")
        }
        return bundle
    }

    /// Puts a verified certificate in place, and the back-off is over.
    func install(
        _ bundle: CertificateBundle, host: String, acme: ACMEConfiguration
    ) throws(CertificateFailure) {
        let path = certificatePath(host)
        try CertificateFiles.replace(path, with: bundle.pem)
        var record = records[host] ?? HostRecord()
        record.certificate = StoredCertificate(
            path: path, digest: ContentHash.sha256(bundle.pem), facts: bundle.facts)
        record.memory.succeed(now: now, account: acme.directoryURL)
        records[host] = record
        log("certificate for \(host) by \(bundle.facts.issuer) is in place")
        do throws(CertificateFailure) {
            try record.memory.write(memoryPath(host))
        } catch {
            // The certificate is there and good; what is lost is that the attempts before it are over.
            log("certificates: \(error.message)")
        }
    }

    /// Writes down that an attempt has failed, or is about to begin, on top of what was known before it.
    func note(
        _ failure: CertificateFailure, on host: String, after before: HostMemory, acme: ACMEConfiguration
    ) throws(CertificateFailure) {
        var memory = before
        let settings = LegoCommand.settingsName(acme, host: host)
        if memory.settings != settings { memory.failures = 0 }
        memory.settings = settings
        memory.fail(failure, now: now, host: host)
        records[host, default: HostRecord()].memory = memory
        try memory.write(memoryPath(host))
    }

    func fail(
        _ failure: CertificateFailure, host: String, after before: HostMemory, acme: ACMEConfiguration
    ) {
        log("certificate for \(host): \(failure.message)")
        do throws(CertificateFailure) {
            try note(failure, on: host, after: before, acme: acme)
        } catch {
            // It is kept in memory; without it on disk no order begins, so a restart makes no storm either.
            log("certificates: \(error.message)")
        }
    }
}
