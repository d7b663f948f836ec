internal import Ports

/// A branch's name by git's rules for references, and no longer than 200 bytes.
struct BranchName: Sendable, Hashable {
    let text: String

    init(_ text: String) throws(SourceError) {
        if let problem = Self.problem(in: text) {
            throw SourceError(
                .invalidConfiguration,
                "The branch name \"\(Text.printable(text, limit: 100))\" is refused: \(problem).")
        }
        self.text = text
    }

    /// The reference on the remote.
    var remoteReference: String { "refs/heads/\(text)" }

    /// The reference in the mirror: one name without slashes, so that the branches `a` and `a/b`, one after
    /// the other, do not get in each other's way as file and folder.
    var mirrorReference: String {
        var name = ""
        for character in text.unicodeScalars {
            switch character {
            case "/": name += "%2F"
            case "%": name += "%25"
            default: name.unicodeScalars.append(character)
            }
        }
        return "refs/slipway/\(name)"
    }

    private static func problem(in text: String) -> String? {
        guard !text.isEmpty else { return "it is empty" }
        guard text.utf8.count <= 200 else { return "it is longer than 200 bytes" }
        guard !text.hasPrefix("-") else { return "it starts with -, as an option does" }
        guard text != "@", text != "HEAD" else { return "it is a name that git keeps for itself" }
        for scalar in text.unicodeScalars {
            if Text.isHidden(scalar) { return "it has a control or invisible character" }
            if " ~^:?*[\\$`'\"<>|;&()!{}".unicodeScalars.contains(scalar) {
                return "it has the character \(scalar)"
            }
        }
        for part in text.split(separator: "/", omittingEmptySubsequences: false) {
            if part.isEmpty { return "it has an empty part between slashes" }
            if part.hasPrefix(".") || part.hasSuffix(".") { return "a part of it starts or ends with a dot" }
            if part.hasSuffix(".lock") { return "a part of it ends with .lock" }
        }
        if text.contains("..") || text.contains("@{") || text.lowercased().contains("%0") {
            return "it has .., @{ or a %-coded control character"
        }
        return nil
    }
}
