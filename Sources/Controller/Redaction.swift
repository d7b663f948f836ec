import Model

/// Takes out of foreign text what looks like a secret, before it goes where it stays for ever.
///
/// What an app prints when it dies is the best evidence there is, and may quote what it was given. A secret that looks
/// like any other word cannot be told from one; the values of variables that are named like secrets can.
enum Redaction {
    static let mask = "***"

    /// The values of variables whose names say that they are secret, the longest first.
    static func secrets(of specs: [AppSpec]) -> [String] {
        let words = [
            "password", "passwd", "secret", "token", "apikey", "api_key", "private", "credential", "dsn"
        ]
        var values: Set<String> = []
        for (name, value) in specs.flatMap(\.env) where value.utf8.count >= 4 {
            let name = name.lowercased()
            if name.hasSuffix("_key") || words.contains(where: name.contains) { values.insert(value) }
        }
        return values.sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
    }

    static func hide(_ text: String, secrets: [String] = []) -> String {
        var text = text
        for secret in secrets where text.contains(secret) { text = replace(secret, in: text) }
        if text.contains("-----BEGIN ") { return mask }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        var shown: [String] = []
        var isSecretNext = false
        for word in words {
            let lower = word.lowercased()
            if isSecretNext, !word.isEmpty {
                shown.append(mask)
                isSecretNext = lower == "bearer" || lower == "basic"
                continue
            }
            isSecretNext = introduces(lower)
            shown.append(hideWord(String(word)))
        }
        return shown.joined(separator: " ")
    }

    /// `password:`, `DB_TOKEN=`, `Bearer`: what follows is the secret itself.
    private static func introduces(_ word: String) -> Bool {
        if word == "bearer" || word == "authorization:" { return true }
        guard let last = word.last, last == ":" || last == "=" else { return false }
        let name = word.filter { $0.isLetter || $0 == "_" }
        return assignments.contains { name.hasSuffix($0) && ($0 != "key" || name.count > 3) }
    }

    private static let assignments = ["password", "passwd", "pwd", "secret", "token", "key", "signature"]
    /// How tokens of common services begin.
    private static let prefixes = [
        "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "AKIA", "eyJ", "sk_live_",
        "rk_live_"
    ]

    private static func hideWord(_ word: String) -> String {
        if let start = prefixes.lazy.compactMap({ word.firstRange(of: $0) }).first {
            return word[..<start.lowerBound] + mask
        }
        let word = withoutUser(word)
        // `password=…`, also among others: `?user=anna&token=…`
        var shown = ""
        var part = ""
        for character in word {
            if character == "&" || character == ";" {
                shown += hideValue(part) + String(character)
                part = ""
            } else {
                part.append(character)
            }
        }
        return shown + hideValue(part)
    }

    /// `https://user:password@host`
    private static func withoutUser(_ word: String) -> String {
        guard let scheme = word.firstRange(of: "://") else { return word }
        let rest = word[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@") else { return word }
        return word[..<scheme.upperBound] + mask + rest[at...]
    }

    private static func hideValue(_ part: String) -> String {
        for separator: Character in ["=", ":"] {
            guard let found = part.firstIndex(of: separator) else { continue }
            let value = part.index(after: found)
            let name = part[..<found].lowercased().filter { $0.isLetter || $0 == "_" }
            guard value < part.endIndex, assignments.contains(where: name.hasSuffix) else { continue }
            return part[..<value] + mask
        }
        return part
    }

    private static func replace(_ secret: String, in text: String) -> String {
        var result = ""
        var rest = text[...]
        while let found = rest.firstRange(of: secret) {
            result += rest[..<found.lowerBound] + mask
            rest = rest[found.upperBound...]
        }
        return result + rest
    }
}
