internal import Crypto

/// The operator's own certificates: found in their directory, and copied so that each is one good file.
struct OwnFiles: Sendable {
    struct Entry: Sendable {
        /// Of the copy; `nil`: it was never good.
        var path: String?
        /// Of the content of the copy.
        var digest = ""
        var facts: CertificateFacts?
        /// Of the content of the operator's file, good or not.
        var source = ""
        /// Why it is not used as it is now, and what to do about it.
        var problem: String?
    }

    private let source: String
    private let copies: String
    /// By the name without its ending, sorted by it for equal outcomes on all machines.
    private(set) var entries: [String: Entry] = [:]
    /// Why the directory cannot be looked at.
    private(set) var problem: String?

    static let limit = 2_000

    init(source: String, copies: String) {
        self.source = source
        self.copies = copies
    }

    /// Takes up what an earlier run has copied. What is broken now may have been good then.
    mutating func load() throws(CertificateFailure) {
        try CertificateFiles.makeFolder(copies)
        for name in try CertificateFiles.names(in: copies) where name.hasSuffix(".pem") {
            let path = copies + "/" + name
            guard let bytes = try? CertificateFiles.read(path),
                let bundle = try? CertificateBundle(key: bytes, certificates: bytes)
            else {
                // It is made anew from the operator's file, if that is good.
                CertificateFiles.remove(path)
                continue
            }
            entries[String(name.dropLast(4))] = Entry(
                path: path, digest: ContentHash.sha256(bytes), facts: bundle.facts)
        }
    }

    /// Looks at the directory; returns what has changed, for the log.
    mutating func scan() -> [String] {
        let names: [String]
        do throws(CertificateFailure) {
            names = try CertificateFiles.names(in: source)
        } catch {
            // A directory that is away for a moment takes no certificate with it.
            let isNew = problem != error.message
            problem = error.message
            return isNew ? ["own certificates: \(error.message)"] : []
        }
        problem = nil
        var notes: [String] = []
        let stems = Self.stems(names)
        for stem in stems.prefix(Self.limit) { notes += take(stem, names: names) }
        if stems.count > Self.limit { problem = "\(source) has more than \(Self.limit) certificates" }
        for stem in entries.keys.sorted() where !stems.contains(stem) {
            if let path = entries[stem]?.path { CertificateFiles.remove(path) }
            entries[stem] = nil
            notes.append("own certificate \(stem): its file is gone, and it is used no longer")
        }
        return notes
    }

    private static func stems(_ names: [String]) -> [String] {
        let endings = [".pem", ".crt", ".key"]
        return Set(
            names.compactMap { name in
                endings.contains { name.hasSuffix($0) } ? String(name.dropLast(4)) : nil
            }
        ).sorted()
    }

    private mutating func take(_ stem: String, names: [String]) -> [String] {
        var entry = entries[stem] ?? Entry()
        let before = (entry.source, entry.problem)
        do throws(CertificateFailure) {
            let (key, certificates): ([UInt8], [UInt8])
            do throws(CertificateFailure) {
                (key, certificates) = try content(stem, names: names)
            } catch {
                entry.source = ""
                throw error
            }
            let seen = ContentHash.sha256(key + [0] + certificates)
            if seen == entry.source { return [] }
            // What only could not be read or written is looked at again the next time.
            entry.source = ""
            let bundle = try Self.judge(key: key, certificates: certificates, entry: &entry, source: seen)
            let digest = ContentHash.sha256(bundle.pem)
            if digest != entry.digest || entry.path == nil {
                let path = "\(copies)/\(stem).pem"
                try CertificateFiles.replace(path, with: bundle.pem)
                entry.path = path
                entry.digest = digest
            }
            entry.source = seen
            entry.facts = bundle.facts
            entry.problem = nil
        } catch {
            entry.problem =
                "own certificate \(stem) in \(source): \(error.message)"
                + (entry.path == nil ? "" : "; the one before stays in use")
        }
        entries[stem] = entry
        if let problem = entry.problem { return problem == before.1 ? [] : [problem] }
        return before.0 == entry.source
            ? []
            : ["own certificate \(stem) for \(entry.facts?.hosts.joined(separator: ", ") ?? "") is in use"]
    }

    private static func judge(
        key: [UInt8], certificates: [UInt8], entry: inout Entry, source: String
    ) throws(CertificateFailure) -> CertificateBundle {
        do throws(CertificateFailure) {
            let bundle = try CertificateBundle(key: key, certificates: certificates)
            guard !bundle.facts.hosts.isEmpty else {
                throw CertificateFailure(
                    "its certificate names no host: the names have to be in its SAN list")
            }
            return bundle
        } catch {
            entry.source = source
            throw error
        }
    }

    private func content(
        _ stem: String, names: [String]
    ) throws(CertificateFailure) -> (key: [UInt8], certificates: [UInt8]) {
        guard Self.isPlain(stem) else {
            throw CertificateFailure("its name has other characters than letters, digits, '.', '_' and '-'")
        }
        if names.contains(stem + ".pem") {
            let bytes = try CertificateFiles.read("\(source)/\(stem).pem")
            return (bytes, bytes)
        }
        guard names.contains(stem + ".crt") else {
            throw CertificateFailure("\(stem).key has no \(stem).crt beside it")
        }
        guard names.contains(stem + ".key") else {
            throw CertificateFailure("\(stem).crt has no \(stem).key beside it")
        }
        return (
            try CertificateFiles.read("\(source)/\(stem).key"),
            try CertificateFiles.read("\(source)/\(stem).crt")
        )
    }

    private static func isPlain(_ stem: String) -> Bool {
        (1...200).contains(stem.utf8.count) && !stem.hasPrefix("-")
            && stem.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
