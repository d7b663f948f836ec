/// What `lego` printed, made fit to be shown.
struct LegoOutput: Sendable {
    private static let limit = 400
    private let lines: [String]

    init(standardOutput: [UInt8], standardError: [UInt8], secrets: [String]) {
        var text =
            String(decoding: standardError, as: UTF8.self) + "\n"
            + String(decoding: standardOutput, as: UTF8.self)
        // The longest first: a secret may be part of another one.
        for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) where secret.utf8.count >= 4 {
            text = text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
        }
        lines = text.split(separator: "\n").compactMap(Self.cleaned)
    }

    /// The end of what is no mere notice, on one line of at most 400 characters.
    var summary: String {
        let text = lines.filter { !$0.hasPrefix("[INFO]") }.joined(separator: " ")
        guard text.count > Self.limit else { return text }
        // The errors' kinds stand in the beginning, the URLs behind them.
        return text.prefix(Self.limit - 1) + "…"
    }

    func failure(exitCode: Int32, timedOut: Bool) -> CertificateFailure {
        let text = lines.joined(separator: " ")
        if text.contains("rateLimited") || text.contains("error: 429") {
            let until = text.firstRange(of: "retry after ").flatMap {
                UTCTime.seconds(text[$0.upperBound...])
            }
            return CertificateFailure(
                .limit(until: until), "the authority asks for a pause, its limit is reached: \(summary)")
        }
        if timedOut {
            return CertificateFailure(.authority, "lego did not end in time and was killed: \(summary)")
        }
        if text.contains("could not start HTTP server") {
            // The order was made by then, and the authority counts it.
            return CertificateFailure(
                .authority,
                "something else listens on the address for challenges; set another one: \(summary)")
        }
        if text.contains("externalAccountRequired") {
            return CertificateFailure(
                .authority,
                "the authority wants an external account binding: configure it, with a lego whose --help names "
                    + "LEGO_EAB_HMAC: \(summary)")
        }
        if text.contains("http-01"),
            text.contains("error:connection") || text.contains("error:unauthorized")
                || text.contains("error:dns")
        {
            return CertificateFailure(
                .authority,
                "the authority did not reach this machine under that name: its DNS has to lead here, and port 80 has "
                    + "to be open: \(summary)")
        }
        return CertificateFailure(.authority, "lego ended with code \(exitCode): \(summary)")
    }

    /// The account is not known to the authority any more.
    var saysAccountIsGone: Bool { lines.contains { $0.contains("error:accountDoesNotExist") } }

    /// Without the time that begins a line, without what does not print, and with single blanks.
    private static func cleaned(_ line: Substring) -> String? {
        var words = line.unicodeScalars.split { $0.value <= 0x20 || $0.value == 0x7f }.map { word in
            String(
                String.UnicodeScalarView(word.filter { !(0x80...0x9f).contains($0.value) && !isControl($0) }))
        }
        if let first = words.first, first.count == 10,
            first.utf8.filter({ $0 == UInt8(ascii: "/") }).count == 2
        {
            words.removeFirst(min(2, words.count))
        }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            true
        default: false
        }
    }
}
