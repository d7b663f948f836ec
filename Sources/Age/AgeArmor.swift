internal import Crypto

/// age's ASCII armor: strict PEM of RFC 7468, with white space allowed before and behind it only.
public enum AgeArmor {
    static let begin = "-----BEGIN AGE ENCRYPTED FILE-----"
    static let end = "-----END AGE ENCRYPTED FILE-----"
    private static let columns = 64

    /// Whether text begins as armor does, after white space.
    public static func isArmored(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.drop(while: isSpace).starts(with: Array(begin.utf8))
    }

    /// Lines of 64 characters that end with a line feed, the last one too.
    public static func encode(_ file: [UInt8]) -> String {
        var text = begin + "\n"
        let body = Array(Base64.encode(file, isPadded: true).utf8)
        var start = 0
        while start < body.count {
            let next = min(start + columns, body.count)
            text += String(decoding: body[start..<next], as: UTF8.self) + "\n"
            start = next
        }
        return text + end + "\n"
    }

    /// Lines may end with a line feed, or with a carriage return before it.
    public static func decode(_ text: [UInt8]) throws(AgeError) -> [UInt8] {
        let trimmed = text.drop(while: isSpace)
        guard let last = trimmed.lastIndex(where: { !isSpace($0) }) else { throw malformed("it is empty") }
        var lines = trimmed[...last].split(separator: 10, omittingEmptySubsequences: false).map { line in
            line.last == 13 ? line.dropLast() : line
        }
        guard lines.count >= 2, lines.removeFirst().elementsEqual(begin.utf8) else {
            throw malformed("its first line is not `\(begin)`")
        }
        guard lines.removeLast().elementsEqual(end.utf8) else {
            throw malformed("its last line is not `\(end)`")
        }
        var body: [UInt8] = []
        for (index, line) in lines.enumerated() {
            let isLast = index == lines.count - 1
            guard isLast ? (1...columns).contains(line.count) : line.count == columns else {
                throw malformed("line \(index + 2) of it is not \(columns) characters long")
            }
            body += line
        }
        guard !body.isEmpty, let file = Base64.decode(body, isPadded: true) else {
            throw malformed("what is between its first and last line is not base64")
        }
        return file
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private static func malformed(_ why: String) -> AgeError {
        AgeError(
            .armor, "this is no armored file of age: \(why); make it again with `slipway secrets encrypt`")
    }
}
