internal import Crypto

/// The header of an age file: for whom it is, and that nobody has changed that.
struct AgeHeader {
    struct Stanza {
        var arguments: [String]
        var body: [UInt8]
    }

    static let version = "age-encryption.org/v1"
    private static let columns = 64
    /// Far beyond what files of people have; hostile ones end there.
    private static let longestLine = 64 << 10
    private static let mostStanzas = 1_000

    var stanzas: [Stanza]
    var code: [UInt8]
    /// What `code` is of: everything up to and with `---`.
    var coveredBytes: [UInt8]

    /// - Returns: the header, and where the payload begins.
    static func read(_ file: [UInt8]) throws(AgeError) -> (header: AgeHeader, end: Int) {
        var lines = Lines(file)
        let first = try lines.next()
        guard String(decoding: first, as: UTF8.self) == version else {
            throw malformed(
                first.starts(with: "age-encryption.org/".utf8)
                    ? "its version is not `v1`" : "it does not begin with `\(version)`")
        }
        var stanzas: [Stanza] = []
        while true {
            let start = lines.position
            let line = try lines.next()
            if line.starts(with: "---".utf8) {
                guard !stanzas.isEmpty else { throw malformed("it is for nobody") }
                guard line.count == 47, line[line.startIndex + 3] == 32,
                    let code = Base64.decode(line.dropFirst(4), isPadded: false)
                else { throw malformed("its last line is not `---` and 43 characters") }
                let header = AgeHeader(
                    stanzas: stanzas, code: code, coveredBytes: Array(file[..<(start + 3)]))
                return (header, lines.position)
            }
            guard stanzas.count < mostStanzas else {
                throw AgeError(.tooLarge, "it is for more than \(mostStanzas) recipients")
            }
            stanzas.append(try stanza(line, &lines))
        }
    }

    private static func stanza(_ first: ArraySlice<UInt8>, _ lines: inout Lines) throws(AgeError) -> Stanza {
        guard first.starts(with: "-> ".utf8) else { throw malformed("a recipient does not begin with `-> `") }
        let words = first.dropFirst(3).split(separator: 32, omittingEmptySubsequences: false)
        guard words.allSatisfy({ !$0.isEmpty && $0.allSatisfy { (33...126).contains($0) } }) else {
            throw malformed("a recipient's line has something else than words in it")
        }
        var body: [UInt8] = []
        while true {
            let line = try lines.next()
            // Each line alone must be whole groups but the last, so what is decoded by line is what was encoded.
            guard line.count <= columns, let bytes = Base64.decode(line, isPadded: false) else {
                throw malformed("a recipient's key is not base64 in lines of \(columns) characters")
            }
            body += bytes
            if line.count < columns { break }
        }
        return Stanza(arguments: words.map { String(decoding: $0, as: UTF8.self) }, body: body)
    }

    private struct Lines {
        private let file: [UInt8]
        private(set) var position = 0
        init(_ file: [UInt8]) { self.file = file }

        /// Without its line feed.
        mutating func next() throws(AgeError) -> ArraySlice<UInt8> {
            let rest = file[position..<min(file.count, position + longestLine)]
            guard let end = rest.firstIndex(of: 10) else { throw malformed("it ends within its header") }
            defer { position = end + 1 }
            return file[position..<end]
        }
    }

    static func malformed(_ why: String) -> AgeError {
        AgeError(.header, "this is no file of age: \(why); make it again with `slipway secrets encrypt`")
    }

    // MARK: Making one

    /// The header with its code under `fileKey`, as it stands in a file.
    static func bytes(of stanzas: [Stanza], fileKey: [UInt8]) -> [UInt8] {
        var text = version + "\n"
        for stanza in stanzas {
            text += "-> " + stanza.arguments.joined(separator: " ") + "\n"
            var body = Base64.encode(stanza.body, isPadded: false)[...]
            while body.utf8.count >= columns {
                text += body.prefix(columns) + "\n"
                body = body.dropFirst(columns)
            }
            text += body + "\n"
        }
        let covered = Array((text + "---").utf8)
        let code = Base64.encode(Self.code(of: covered, fileKey: fileKey), isPadded: false)
        return covered + Array(" \(code)\n".utf8)
    }

    private static func code(of bytes: [UInt8], fileKey: [UInt8]) -> [UInt8] {
        var key = KeyDerivation.hkdfSHA256(key: fileKey, salt: [], info: Array("header".utf8), count: 32)
        defer { SecretBytes.clear(&key) }
        return MessageAuthentication.hmacSHA256(key: key, message: bytes)
    }

    func isAuthentic(fileKey: [UInt8]) -> Bool {
        ConstantTime.areEqual(code, Self.code(of: coveredBytes, fileKey: fileKey))
    }
}
