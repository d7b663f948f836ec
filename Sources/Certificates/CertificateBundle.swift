/// A private key with the certificate that belongs to it and the chain, as one file for the edge.
struct CertificateBundle: Sendable {
    /// In PEM: key, certificate, chain.
    let pem: [UInt8]
    let facts: CertificateFacts

    private static let chainLimit = 16

    /// Reads and puts in order what `key` and `certificates` hold; both may be the same bytes.
    ///
    /// - Throws: what is missing, or does not belong together. Whether it has expired is for the caller.
    init(key keyBytes: [UInt8], certificates certificateBytes: [UInt8]) throws(CertificateFailure) {
        let key = try PrivateKey(pem: keyBytes)
        let buffer = try MemoryBuffer(certificateBytes)
        var leaf: [UInt8]?
        var facts: CertificateFacts?
        var chain: [[UInt8]] = []
        while let certificate = try X509Certificate.next(in: buffer) {
            guard chain.count < Self.chainLimit else {
                throw CertificateFailure("it holds more than \(Self.chainLimit) certificates")
            }
            let pem = try certificate.pem()
            if leaf == nil, certificate.belongs(to: key) {
                leaf = pem
                facts = try CertificateFacts(certificate)
            } else {
                chain.append(pem)
            }
        }
        guard let leaf, let facts else {
            throw CertificateFailure(
                chain.isEmpty
                    ? "it holds no certificate in PEM" : "its key belongs to none of its certificates")
        }
        pem = try key.pem() + leaf + chain.flatMap { $0 }
        self.facts = facts
    }

    /// Made here and signed by itself, for names that have nothing better.
    ///
    /// The times are seconds since 1970.
    init(selfSigned commonName: String, notBefore: Int64, notAfter: Int64) throws(CertificateFailure) {
        let key = try PrivateKey()
        let certificate = try X509Certificate.selfSigned(
            by: key, commonName: commonName, notBefore: notBefore, notAfter: notAfter)
        facts = try CertificateFacts(certificate)
        pem = try key.pem() + (try certificate.pem())
    }
}

/// What the keeper has to know of a certificate.
struct CertificateFacts: Hashable, Sendable {
    /// Sorted.
    var hosts: [String]
    var issuer: String
    /// Seconds since 1970.
    var notBefore: Int64
    var notAfter: Int64

    init(_ certificate: borrowing X509Certificate) throws(CertificateFailure) {
        guard let notBefore = certificate.notBefore, let notAfter = certificate.notAfter else {
            throw CertificateFailure("its certificate has no dates")
        }
        hosts = certificate.hosts
        issuer = certificate.issuer
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    func covers(_ host: String) -> Bool { hosts.contains { HostName.covers($0, host) } }
    func isValid(at now: Int64) -> Bool { notAfter > now }
}
