/// The secrets of a DNS provider. No error of it ever shows a value.
enum EnvironmentFile {
    /// Lines `KEY=VALUE`, perhaps with `export ` before them and quotes around the value; empty ones and
    /// comments are skipped.
    ///
    /// - Throws: when the file cannot be read, others can read it, or a line is none of these.
    static func read(_ path: String) throws(CertificateFailure) -> [String: String] {
        let bytes = try CertificateFiles.read(path, isSecret: true)
        guard !bytes.contains(0) else { throw CertificateFailure("\(path) holds a zero byte") }
        var values: [String: String] = [:]
        let lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            var text = String(decoding: line.filter { $0 != 13 }, as: UTF8.self)[...]
            while text.first == " " || text.first == "\t" { text.removeFirst() }
            if text.isEmpty || text.hasPrefix("#") { continue }
            if text.hasPrefix("export ") { text = text.dropFirst(7) }
            guard let equals = text.firstIndex(of: "="), isName(text[..<equals]) else {
                throw CertificateFailure("\(path):\(index + 1) is not of the form KEY=VALUE")
            }
            values[String(text[..<equals])] = unquoted(text[text.index(after: equals)...])
        }
        return values
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 128
            && text.utf8.allSatisfy {
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || $0 == UInt8(ascii: "_")
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }

    private static func unquoted(_ text: Substring) -> String {
        for quote in ["\"", "'"] where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            return String(text.dropFirst().dropLast())
        }
        return String(text)
    }
}
