/// Which names of tree entries are accepted.
enum EntryName {
    /// Why a file or folder of this name is never read; `nil` if it may be.
    static func objection(to name: [UInt8]) -> String? {
        if name.isEmpty { return "empty name" }
        if name.count > 255 { return "name longer than 255 bytes" }
        if name.contains(UInt8(ascii: "/")) { return "slash in a name" }
        if name.contains(UInt8(ascii: "\\")) { return "backslash in a name" }
        if name[0] == UInt8(ascii: "-") { return "name starts with -" }
        guard let text = String(validating: name, as: UTF8.self) else { return "name is not UTF-8" }
        if text == "." || text == ".." { return "name \(text)" }
        if text.unicodeScalars.contains(where: Text.isHidden) {
            return "control or invisible character in a name"
        }
        if isGitFolder(text) { return "name of git's own folder" }
        return nil
    }

    /// `.git` in any case, and the names that other file systems take for it.
    private static func isGitFolder(_ name: String) -> Bool {
        let stem = name.lowercased().split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)[0]
        var trimmed = stem
        while let last = trimmed.last, last == "." || last == " " { trimmed = trimmed.dropLast() }
        if trimmed == ".git" { return true }
        return trimmed.hasPrefix("git~") && !trimmed.dropFirst(4).isEmpty
            && trimmed.dropFirst(4).allSatisfy(\.isNumber)
    }
}
