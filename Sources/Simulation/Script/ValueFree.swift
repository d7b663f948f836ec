internal import Model

/// Takes out of a sentence what may be a piece of a value of `env`: a variable that is not known is quoted from there.
enum ValueFree {
    static func text(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "`${"), let end = rest[start.upperBound...].firstRange(of: "}`")
        {
            let name = rest[start.upperBound..<end.lowerBound]
            result += rest[..<start.lowerBound]
            result += known.contains(String(name)) ? "`${\(name)}`" : "`${…}`"
            rest = rest[end.upperBound...]
        }
        return result + rest
    }

    static func blocker(_ blocker: Blocker) -> Blocker {
        var blocker = blocker
        blocker.message = text(blocker.message)
        return blocker
    }

    private static let known: Set<String> = ["app", "project", "domain"]
}
