/// The text of one file, for the places and excerpts of findings.
final class SourceText: Sendable {
    /// Relative to the repository's root.
    let path: String
    private let bytes: [UInt8]
    /// Offsets of the first byte of each line, as libyaml counts lines.
    private let lineStarts: [UInt32]

    /// - Parameter bytes: well-formed UTF-8, at most 4 GiB.
    init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
        lineStarts = SourceText.starts(of: bytes)
    }

    /// The line, from 1, cut to 200 characters and without what a terminal would obey; `nil` where there is none.
    func excerpt(line: Int) -> String? {
        guard line >= 1, line <= lineStarts.count else { return nil }
        let start = Int(lineStarts[line - 1])
        let end = line < lineStarts.count ? Int(lineStarts[line]) : bytes.count
        // 800 bytes hold 200 characters of any length.
        var text = String(decoding: bytes[start..<min(end, start + 800)], as: UTF8.self)
        while let last = text.unicodeScalars.last, SourceText.isLineBreak(last) {
            text.unicodeScalars.removeLast()
        }
        if line == 1, text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        return Printable.text(text, limit: 200)
    }

    /// The line and column, from 1, of a byte.
    func place(ofByte offset: Int) -> (line: Int, column: Int) {
        let position = min(max(offset, 0), bytes.count)
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if Int(lineStarts[middle]) <= position { low = middle } else { high = middle }
        }
        let start = low < lineStarts.count ? Int(lineStarts[low]) : 0
        let column = String(decoding: bytes[start..<position], as: UTF8.self).unicodeScalars.count
        return (low + 1, column + 1)
    }

    /// The byte at a line and column, both from 1; `nil` outside the text. Columns are counted in characters.
    func isTab(line: Int, column: Int) -> Bool {
        guard line >= 1, line <= lineStarts.count, column >= 1 else { return false }
        let start = Int(lineStarts[line - 1])
        let indentation = bytes[start...].prefix(column)
        return indentation.count == column && indentation.contains(UInt8(ascii: "\t"))
    }

    private static func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\n" || scalar == "\r" || scalar == "\u{85}" || scalar == "\u{2028}" || scalar == "\u{2029}"
    }

    private static func starts(of bytes: [UInt8]) -> [UInt32] {
        var starts: [UInt32] = [0]
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            var length = 0
            switch byte {
            case 0x0A: length = 1
            case 0x0D: length = index + 1 < bytes.count && bytes[index + 1] == 0x0A ? 2 : 1
            case 0xC2: length = index + 1 < bytes.count && bytes[index + 1] == 0x85 ? 2 : 0
            case 0xE2:
                let isBreak =
                    index + 2 < bytes.count && bytes[index + 1] == 0x80 && bytes[index + 2] & 0xFE == 0xA8
                length = isBreak ? 3 : 0
            default: break
            }
            index += max(length, 1)
            if length > 0, let start = UInt32(exactly: index) { starts.append(start) }
        }
        return starts
    }
}

/// A place in a file, line and column from 1, in characters.
struct SourceMark: Sendable {
    let source: SourceText
    let line: Int
    let column: Int
}

/// Text from outside made fit for a message: short, on one line, without control or direction characters.
enum Printable {
    static func text(_ text: some StringProtocol, limit: Int = 60) -> String {
        var result = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < limit else {
                result.append("…")
                break
            }
            result.append(isPrintable(scalar) ? scalar : "\u{FFFD}")
            count += 1
        }
        return String(result)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "\t" { return true }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: return false
        default: return true
        }
    }
}
