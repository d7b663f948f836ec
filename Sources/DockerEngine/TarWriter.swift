/// Writes a tar archive of plain files, as POSIX.1-2001 describes it.
struct TarWriter {
    private(set) var bytes: [UInt8] = []
    private static let blockSize = 512

    /// - Parameters:
    ///   - path: without a slash in front.
    ///   - mode: the permission bits.
    mutating func add(path: String, content: some Collection<UInt8>, mode: Int) {
        let name = Array(path.utf8)
        if name.count > 100 {
            // The old header has no room for it: a record in front of the file carries the path.
            let record = Self.record(key: "path", value: path)
            header(name: Array("path".utf8), sizeInBytes: record.count, mode: 0o444, kind: UInt8(ascii: "x"))
            append(record)
        }
        header(name: Array(name.prefix(100)), sizeInBytes: content.count, mode: mode, kind: UInt8(ascii: "0"))
        append(content)
    }

    /// The archive with its end mark.
    consuming func finished() -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: 2 * Self.blockSize)
    }

    private mutating func append(_ content: some Collection<UInt8>) {
        bytes.append(contentsOf: content)
        let rest = content.count % Self.blockSize
        if rest > 0 { bytes.append(contentsOf: repeatElement(0, count: Self.blockSize - rest)) }
    }

    private mutating func header(name: [UInt8], sizeInBytes: Int, mode: Int, kind: UInt8) {
        var block = [UInt8](repeating: 0, count: Self.blockSize)
        func put(_ bytes: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        put(name, at: 0)
        put(Self.octal(mode, digits: 7), at: 100)
        put(Self.octal(0, digits: 7), at: 108)
        put(Self.octal(0, digits: 7), at: 116)
        put(Self.octal(sizeInBytes, digits: 11), at: 124)
        // Time zero: the same files give the same bytes.
        put(Self.octal(0, digits: 11), at: 136)
        put(repeatElement(UInt8(ascii: " "), count: 8), at: 148)
        block[156] = kind
        put("ustar".utf8, at: 257)
        put("00".utf8, at: 263)
        let sum = block.reduce(0) { $0 + Int($1) }
        put(Self.octal(sum, digits: 6) + [0, UInt8(ascii: " ")], at: 148)
        bytes.append(contentsOf: block)
    }

    private static func octal(_ value: Int, digits: Int) -> [UInt8] {
        let text = Array(String(value, radix: 8).utf8)
        return repeatElement(UInt8(ascii: "0"), count: max(0, digits - text.count)) + text
    }

    /// `LENGTH key=value\n`, where the length counts itself.
    private static func record(key: String, value: String) -> [UInt8] {
        let rest = " \(key)=\(value)\n"
        var length = rest.utf8.count
        while "\(length)\(rest)".utf8.count != length { length = "\(length)\(rest)".utf8.count }
        return Array("\(length)\(rest)".utf8)
    }
}
