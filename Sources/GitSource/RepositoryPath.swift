internal import Ports

/// A path below a repository's root, in parts; no parts for the root itself.
struct RepositoryPath: Sendable {
    let parts: [[UInt8]]

    /// - Throws: `SourceError` with `refused` for a path that leaves the root or that no entry may have.
    init(_ text: String, maximumLength: Int) throws(SourceError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= maximumLength else {
            throw SourceError(
                .refused, "The path \"\(Text.shown(bytes))\" is longer than \(maximumLength) bytes.")
        }
        var parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(
            Array.init)
        // `apps/` names the folder `apps`.
        if parts.last == [] { parts.removeLast() }
        for part in parts {
            if let objection = EntryName.objection(to: part) {
                throw SourceError(.refused, "The path \"\(Text.shown(bytes))\" is refused: \(objection).")
            }
        }
        self.parts = parts
    }
}
