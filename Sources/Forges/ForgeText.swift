/// How much a forge takes, in Unicode scalars; more is refused, and would never be seen.
struct ForgeLimits: Sendable {
    /// Of a commit status.
    var description: Int
    /// Of a pull request.
    var title: Int
    /// Of a comment, and of a pull request's text.
    var body: Int

    static let github = ForgeLimits(description: 140, title: 256, body: 65_536)
    static let gitlab = ForgeLimits(description: 255, title: 255, body: 1_000_000)
    /// Its columns: a title has 255 characters, the others are not bounded; a megabyte is more than anybody reads.
    static let gitea = ForgeLimits(description: 255, title: 255, body: 1_000_000)
}

enum ForgeText {
    private static let shortened = "\n\n*Shortened: the forge takes no more.*\n"

    /// `text` with at most `limit` scalars; an ellipsis stands for the rest.
    static func line(_ text: String, _ limit: Int) -> String {
        let scalars = text.unicodeScalars
        guard scalars.count > limit else { return text }
        return String(String.UnicodeScalarView(scalars.prefix(max(0, limit - 1)))) + "…"
    }

    /// Markdown with at most `limit` scalars, cut between two lines, with a word that it was.
    static func body(_ text: String, _ limit: Int) -> String {
        let closing = "\n</details>\n"
        guard text.unicodeScalars.count > limit else { return text }
        let room = max(0, limit - shortened.unicodeScalars.count - closing.unicodeScalars.count)
        var kept = text.unicodeScalars.prefix(room)
        if let end = kept.lastIndex(of: "\n") { kept = kept[..<end] }
        var result = String(String.UnicodeScalarView(kept))
        if result.ranges(of: "<details>").count > result.ranges(of: "</details>").count { result += closing }
        return result + shortened
    }

    /// Markdown in which no line is a command to GitLab: those begin with a slash.
    static func withoutQuickActions(_ text: String) -> String {
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        guard lines.contains(where: { $0.first == "/" }) else { return text }
        return lines.map { $0.first == "/" ? "\\" + $0 : String($0) }.joined(separator: "\n")
    }
}
