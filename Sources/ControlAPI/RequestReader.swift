internal import HTTPServer
internal import Model

/// Reads the parts of a matched request, each checked; what is wrong becomes a 400 that names the part.
struct RequestReader {
    let request: HTTPServerRequest
    let parameters: [String: String]

    func app() throws(APIFailure) -> AppName {
        guard let name = AppName(parameters["app"] ?? "") else {
            throw .invalid(
                "not an app's name: names are 1 to \(NameGrammar.maximumLength) of a–z, 0–9 and '-', "
                    + "beginning with a letter")
        }
        return name
    }

    /// The name of a cron entry in the address.
    func entry() throws(APIFailure) -> ProcessName {
        guard let name = ProcessName(parameters["entry"] ?? "") else {
            throw .invalid(
                "not a cron entry's name: names are 1 to \(NameGrammar.maximumLength) of a–z, 0–9 and '-', "
                    + "beginning with a letter")
        }
        return name
    }

    /// A container's name or id, or a prefix of the id.
    func container() throws(APIFailure) -> String {
        guard let id = ContainerID(parameters["container"] ?? "") else {
            throw .invalid("not a container's name or id")
        }
        return id.rawValue
    }

    func name<Name: Identifier>(_ key: String, _ type: Name.Type) throws(APIFailure) -> Name? {
        guard let text = request.query[key], !text.isEmpty else { return nil }
        guard let name = Name(text) else {
            throw .invalid("query parameter '\(key)' is not a well-formed name")
        }
        return name
    }

    func integer(
        _ key: String, default standard: Int64, in range: ClosedRange<Int64>
    ) throws(APIFailure) -> Int64 {
        guard let text = request.query[key] else { return standard }
        guard let number = Int64(text), range.contains(number) else {
            throw .invalid(
                "query parameter '\(key)' must be a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    func flag(_ key: String) throws(APIFailure) -> Bool {
        switch request.query[key] {
        case nil, "false", "0": return false
        case "true", "1", "": return true
        default: throw .invalid("query parameter '\(key)' must be true or false")
        }
    }

    /// `41` or `v41`.
    func release(_ key: String) throws(APIFailure) -> ReleaseNumber? {
        guard let text = request.query[key], !text.isEmpty else { return nil }
        let digits = text.hasPrefix("v") ? text.dropFirst() : text[...]
        guard let value = Int(digits), let number = ReleaseNumber(value) else {
            throw .invalid("query parameter '\(key)' must be a release such as v41")
        }
        return number
    }

    /// A length of time such as `10m`, or plain seconds.
    func seconds(_ key: String) throws(APIFailure) -> Int64? {
        guard let text = request.query[key], !text.isEmpty else { return nil }
        if let count = Int64(text), (0...315_360_000).contains(count) { return count }
        guard let span = TimeSpan(parsing: text) else {
            throw .invalid("query parameter '\(key)' must be a length of time such as 10m")
        }
        return span.wholeSecondsRoundedUp
    }

    /// A revision of git: a commit, a branch or a tag; nothing that git would take for an option or a range.
    func revision(_ key: String) throws(APIFailure) -> String? {
        guard let text = request.query[key], !text.isEmpty else { return nil }
        let isPlain = text.utf8.allSatisfy { byte in
            (0x21...0x7e).contains(byte) && !"\\~^:?*[ ".utf8.contains(byte)
        }
        guard isPlain, text.utf8.count <= 255, !text.hasPrefix("-"), !text.contains("..") else {
            throw .invalid("query parameter '\(key)' must be the full id of a commit, or a branch")
        }
        return text
    }

    /// The body; `empty` where it is left out.
    func body<Value: Decodable>(_ type: Value.Type, ifEmpty empty: Value? = nil) throws(APIFailure) -> Value {
        if request.body.isEmpty, let empty { return empty }
        do {
            return try WireCoding.decode(type, from: request.body)
        } catch let error as DecodingError {
            throw .invalid("the body is not as described: \(Self.explain(error))")
        } catch {
            throw .invalid("the body is not JSON")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        let what: String
        let context: DecodingError.Context
        switch error {
        case .keyNotFound(let key, let found): (what, context) = ("'\(key.stringValue)' is missing", found)
        case .typeMismatch(_, let found): (what, context) = ("wrong type", found)
        case .valueNotFound(_, let found): (what, context) = ("null", found)
        case .dataCorrupted(let found): (what, context) = (found.debugDescription, found)
        @unknown default: return "unreadable"
        }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return path.isEmpty ? what : "\(path): \(what)"
    }
}
