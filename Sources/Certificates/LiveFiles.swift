internal import Crypto

/// What the edge reads: one file for each name, always under the same path, whatever certificate it holds.
///
/// The edge is never left with a path that is gone or that another file has taken the place of: files are
/// replaced, and not removed.
struct LiveFiles: Sendable {
    struct File: Hashable, Sendable {
        var path: String
        var digest: String
        /// One, or none for the self-signed certificate.
        var hosts: [String]
    }

    private let folder: String
    /// Of the files' contents, by host.
    private(set) var digests: [String: String] = [:]

    init(folder: String) { self.folder = folder }

    func path(_ host: String) -> String { "\(folder)/\(HostName.fileName(of: host)).pem" }

    /// Takes up what an earlier run has put there.
    mutating func load() throws(CertificateFailure) {
        try CertificateFiles.makeFolder(folder)
        for name in try CertificateFiles.names(in: folder) where name.hasSuffix(".pem") {
            let host = HostName.host(ofFileName: String(name.dropLast(4)))
            guard HostName.objection(to: host) == nil else { continue }
            digests[host] = ContentHash.sha256(try CertificateFiles.read(folder + "/" + name))
        }
    }

    /// Makes the files hold what `winners` say; of those that fail the first is told, and the others are
    /// made.
    mutating func hold(_ winners: [String: Candidate]) throws(CertificateFailure) {
        var first: CertificateFailure?
        for (host, winner) in winners where digests[host] != winner.certificate.digest {
            do throws(CertificateFailure) {
                let bytes = try CertificateFiles.read(winner.certificate.path)
                guard ContentHash.sha256(bytes) == winner.certificate.digest else {
                    throw CertificateFailure("\(winner.certificate.path) was changed by another program")
                }
                try CertificateFiles.replace(path(host), with: bytes)
                digests[host] = winner.certificate.digest
            } catch {
                if first == nil { first = error }
            }
        }
        if let first { throw first }
    }

    /// The files of these hosts, as they are, sorted by host.
    func files(of hosts: some Sequence<String>) -> [File] {
        hosts.sorted().compactMap { host in
            digests[host].map { File(path: path(host), digest: $0, hosts: [host]) }
        }
    }
}
