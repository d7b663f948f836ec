internal import CGit2
internal import Ports

/// The name of a repository's mirror: readable, and different for different addresses.
enum MirrorName {
    static func make(for address: RemoteAddress) throws(SourceError) -> String {
        var slug = ""
        for byte in (address.host + address.path).lowercased().utf8 {
            let isPlain =
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            if isPlain {
                slug.unicodeScalars.append(Unicode.Scalar(byte))
            } else if slug.last != "-" {
                slug += "-"
            }
        }
        slug = String(slug.suffix(60)).trimmingDashes
        do throws(GitError) {
            return "\(slug)-\(try hash(address.text).hex.prefix(12))"
        } catch {
            throw SourceError(.internal, "libgit2 cannot be used: \(error.text)")
        }
    }

    private static func hash(_ text: String) throws(GitError) -> ObjectID {
        try LibGit2.start()
        var id = git_oid()
        try check("git_odb_hash", unsafe git_odb_hash(&id, text, text.utf8.count, GIT_OBJECT_BLOB))
        return ObjectID(id)
    }
}

extension String {
    fileprivate var trimmingDashes: String {
        var text = Substring(self)
        while text.hasPrefix("-") { text = text.dropFirst() }
        while text.hasSuffix("-") { text = text.dropLast() }
        return String(text)
    }
}
