/// JSON whose keys stay in the order in which they were written.
indirect enum JSONText {
    case object([(String, JSONText)])
    case array([JSONText])
    case string(String)
    case integer(Int)
    case boolean(Bool)

    static func strings(_ texts: [String]) -> JSONText { .array(texts.map { .string($0) }) }

    /// Indented by two spaces a level; short lists and objects on one line.
    func text(indentation: String = "") -> String {
        let line = self.line
        if line.utf8.count + indentation.utf8.count <= 100 { return line }
        let inner = indentation + "  "
        switch self {
        case .object(let members):
            let rows = members.map { "\(inner)\(JSONText.quoted($0.0)): \($0.1.text(indentation: inner))" }
            return "{\n\(rows.joined(separator: ",\n"))\n\(indentation)}"
        case .array(let items):
            let rows = items.map { inner + $0.text(indentation: inner) }
            return "[\n\(rows.joined(separator: ",\n"))\n\(indentation)]"
        case .string, .integer, .boolean: return line
        }
    }

    private var line: String {
        switch self {
        case .object(let members):
            "{" + members.map { "\(JSONText.quoted($0.0)): \($0.1.line)" }.joined(separator: ", ") + "}"
        case .array(let items): "[" + items.map(\.line).joined(separator: ", ") + "]"
        case .string(let text): JSONText.quoted(text)
        case .integer(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
