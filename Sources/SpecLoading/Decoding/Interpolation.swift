/// Fills `${app}`, `${project}` and `${domain}` in; `$${` is a literal `${`. Any other `$` is itself.
struct Interpolation {
    var values: [String: String?]

    struct Problem: Error {
        var code: String
        var message: String
    }

    func fill(_ text: String) throws(Problem) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        let scalars = Array(text.unicodeScalars)
        var result = String.UnicodeScalarView()
        var index = 0
        while index < scalars.count {
            let rest = scalars[index...]
            if rest.starts(with: "$${".unicodeScalars) {
                result.append(contentsOf: "${".unicodeScalars)
                index += 3
            } else if rest.starts(with: "${".unicodeScalars) {
                let (value, end) = try variable(scalars, from: index + 2)
                result.append(contentsOf: value.unicodeScalars)
                index = end
            } else {
                result.append(scalars[index])
                index += 1
            }
        }
        return String(result)
    }

    private func variable(_ scalars: [Unicode.Scalar], from start: Int) throws(Problem) -> (String, Int) {
        guard let end = scalars[start...].firstIndex(of: "}") else {
            throw Problem(code: "bad_variable", message: "`${` has no `}`; write `$${` for a literal `${`")
        }
        var name = String.UnicodeScalarView()
        name.append(contentsOf: scalars[start..<end])
        guard let known = values[String(name)] else {
            throw Problem(
                code: "bad_variable",
                message:
                    "`${\(Printable.text(String(name)))}` is not known; only `${app}`, `${project}` and `${domain}`"
                    + " are filled in, and `$${` is a literal `${`")
        }
        guard let value = known else {
            throw Problem(
                code: "no_domain",
                message: "`${domain}` has no value, for no process has a domain; write the name out")
        }
        return (value, end + 1)
    }
}
