/// `$VAR`, `${VAR}` and their forms with defaults, as Compose fills them in.
struct ComposeVariables {
    /// Of `.env` beside the file.
    var values: [String: String]

    struct Filled {
        var text = ""
        /// Variables that have neither a value nor a default.
        var missing: [String] = []
        /// Variables whose value comes from `.env`.
        var given: [String] = []
        /// Variables whose default was taken.
        var defaults: [String] = []
        /// A `${` that is not closed, or a name that is none.
        var isMalformed = false
        var variables: [String] { missing + given + defaults }
    }

    private static let depthLimit = 16

    func fill(_ text: String) -> Filled {
        var filled = Filled()
        guard text.utf8.contains(UInt8(ascii: "$")) else {
            filled.text = text
            return filled
        }
        filled.text = fill(Array(text.unicodeScalars)[...], depth: 0, into: &filled)
        return filled
    }

    private func fill(_ scalars: ArraySlice<Unicode.Scalar>, depth: Int, into filled: inout Filled) -> String
    {
        var result = String.UnicodeScalarView()
        var index = scalars.startIndex
        while index < scalars.endIndex {
            guard scalars[index] == "$", index + 1 < scalars.endIndex else {
                result.append(scalars[index])
                index += 1
                continue
            }
            let next = scalars[index + 1]
            if next == "$" {
                result.append("$")
                index += 2
            } else if next == "{" {
                guard let end = closing(scalars, from: index + 2), depth < Self.depthLimit else {
                    filled.isMalformed = true
                    return String(result)
                }
                result.append(contentsOf: value(scalars[(index + 2)..<end], depth, &filled).unicodeScalars)
                index = end + 1
            } else if Self.isName(next, first: true) {
                let name = scalars[(index + 1)...].prefix { Self.isName($0, first: false) }
                result.append(contentsOf: value(name, depth, &filled).unicodeScalars)
                index = name.endIndex
            } else {
                result.append("$")
                index += 1
            }
        }
        return String(result)
    }

    /// What stands between the braces: a name, perhaps with `:-`, `-`, `:?`, `?`, `:+` or `+` and a word.
    private func value(_ body: ArraySlice<Unicode.Scalar>, _ depth: Int, _ filled: inout Filled) -> String {
        let nameScalars = body.prefix { Self.isName($0, first: false) }
        let name = Self.string(nameScalars)
        guard !name.isEmpty else {
            filled.isMalformed = true
            return ""
        }
        var rest = body[nameScalars.endIndex...]
        let treatsEmptyAsUnset = rest.first == ":"
        if treatsEmptyAsUnset { rest = rest.dropFirst() }
        let value = values[name].flatMap { treatsEmptyAsUnset && $0.isEmpty ? nil : $0 }
        let sign = rest.first
        let word = rest.dropFirst()
        if sign == "+" {
            if value != nil {
                filled.given.append(name)
                return fill(word, depth: depth + 1, into: &filled)
            }
            filled.defaults.append(name)
            return ""
        }
        if let value {
            filled.given.append(name)
            return value
        }
        guard sign == "-" else {
            filled.missing.append(name)
            if sign != nil, sign != "?" { filled.isMalformed = true }
            return ""
        }
        filled.defaults.append(name)
        return fill(word, depth: depth + 1, into: &filled)
    }

    private func closing(_ scalars: ArraySlice<Unicode.Scalar>, from start: Int) -> Int? {
        var depth = 0
        for index in start..<scalars.endIndex {
            if scalars[index] == "{", index > scalars.startIndex, scalars[index - 1] == "$" { depth += 1 }
            if scalars[index] == "}" {
                if depth == 0 { return index }
                depth -= 1
            }
        }
        return nil
    }

    private static func isName(_ scalar: Unicode.Scalar, first: Bool) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
            || (!first && ("0"..."9").contains(scalar))
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
