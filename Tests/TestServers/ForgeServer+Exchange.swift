/// A request as the server here looks at it, and what it answers.
extension ForgeServer {
    struct Answer {
        var status = "200 OK"
        var headers = ""
        var body: String

        init(_ body: JSONValue, status: String = "200 OK", headers: String = "") {
            self.init(text: body.written, status: status, headers: headers)
        }
        init(text: String, status: String, headers: String = "") {
            (self.status, self.headers) = (status, "Content-Type: application/json\r\n" + headers)
            body = text
        }
        static let missing = Answer(["message": "404 Not Found"], status: "404 Not Found")
        static func created(_ body: JSONValue) -> Answer { Answer(body, status: "201 Created") }
    }

    struct Request {
        var kind: Kind
        var method: String
        /// Below the root of the API, as they were sent.
        var parts: [String]
        var query: String
        /// Names in lower case.
        var headers: [String: String]
        var body: String
        var fields: [String: JSONValue]

        init(_ kind: Kind, _ text: String) {
            self.kind = kind
            let head = text.split(separator: "\r\n", omittingEmptySubsequences: false)
            let line = head[0].split(separator: " ").map(String.init)
            body = text.firstRange(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? ""
            method = line[0]
            let path = String(line[1].prefix { $0 != "?" })
            query = String(line[1].dropFirst(path.count + 1))
            let all = path.split(separator: "/").map(String.init)
            let root = kind == .gitlab ? ["api", "v4"] : kind == .gitea ? ["api", "v1"] : []
            parts = all.starts(with: root) ? Array(all.dropFirst(root.count)) : []
            headers = Dictionary(
                head.dropFirst().compactMap { field -> (String, String)? in
                    guard let colon = field.firstIndex(of: ":") else { return nil }
                    return (
                        field[..<colon].lowercased(),
                        String(field[field.index(after: colon)...].drop { $0 == " " })
                    )
                }
            ) { first, _ in first }
            fields = JSONValue(parsing: body).object ?? [:]
        }

        func text(_ name: String) -> String? { fields[name]?.text }

        func parameter(_ name: String) -> String? {
            query.split(separator: "&").first { $0.hasPrefix(name + "=") }
                .map { ForgeServer.decoded(String($0.dropFirst(name.count + 1))) }
        }

        /// Below the repository; `nil`: it is another one.
        var inRepository: [String]? {
            let root = kind == .gitlab ? ["projects", "team%2Fapps"] : ["repos", "team", "apps"]
            return parts.starts(with: root) ? Array(parts.dropFirst(root.count)) : nil
        }

        var isSigned: Bool {
            switch kind {
            case .github: headers["authorization"] == "Bearer \(token)"
            case .gitlab: headers["private-token"] == token
            case .gitea: headers["authorization"] == "token \(token)"
            }
        }
    }

    /// `%XX` as what it stands for.
    static func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"),
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
