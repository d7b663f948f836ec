internal import Glibc
internal import Ports

/// Reads a token from its file. No error of it ever shows the content.
enum TokenFile {
    private static let limitInBytes = 64 << 10

    static func read(_ path: String) throws(SourceError) -> String {
        guard let file = unsafe fopen(path, "re") else {
            let reason = unsafe String(cString: strerror(errno))
            throw SourceError(.invalidConfiguration, "Cannot read the token file \(path): \(reason).")
        }
        defer { unsafe fclose(file) }
        var buffer = [UInt8](repeating: 0, count: limitInBytes + 1)
        let count = unsafe fread(&buffer, 1, buffer.count, file)
        guard count <= limitInBytes else {
            throw SourceError(.invalidConfiguration, "The token file \(path) is larger than 64 KiB.")
        }
        var bytes = buffer.prefix(count)
        while let last = bytes.last, last == 10 || last == 13 || last == 32 { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw SourceError(
                .invalidConfiguration,
                "The token file \(path) does not hold one line of printable characters.")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
