/// The target of a request line, decoded and checked.
struct RequestTarget: Sendable, Hashable {
    var path: String
    var segments: [String]
    var query: [String: String]

    /// Takes `/path?query`, or the same behind `http://host`. `nil` for anything else: bad escapes, text that is not
    /// UTF-8, control characters.
    init?(_ raw: [UInt8]) {
        guard let target = Self.withoutAuthority(raw[...]) else { return nil }
        let mark = target.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        let rawPath = target[..<mark]
        guard let path = Self.decode(rawPath, plusIsSpace: false) else { return nil }
        self.path = path
        segments = []
        for part in rawPath.split(separator: UInt8(ascii: "/")) {
            guard let segment = Self.decode(part, plusIsSpace: false) else { return nil }
            segments.append(segment)
        }
        query = [:]
        guard mark < target.endIndex else { return }
        for pair in target[(mark + 1)...].split(separator: UInt8(ascii: "&")) {
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let rawValue = equals < pair.endIndex ? pair[(equals + 1)...] : []
            guard let key = Self.decode(pair[..<equals], plusIsSpace: true),
                let value = Self.decode(rawValue, plusIsSpace: true)
            else { return nil }
            if query[key] == nil { query[key] = value }
        }
    }

    /// Proxies send the whole URL; only its path and query matter here.
    private static func withoutAuthority(_ raw: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        if raw.first == UInt8(ascii: "/") { return raw }
        let scheme = Array("http://".utf8)
        guard raw.prefix(scheme.count).elementsEqual(scheme) else { return nil }
        let rest = raw.dropFirst(scheme.count)
        guard let slash = rest.firstIndex(of: UInt8(ascii: "/")), slash > rest.startIndex else { return nil }
        return rest[slash...]
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> String? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            var byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard bytes.endIndex - index > 2, let high = hexValue(bytes[index + 1]),
                    let low = hexValue(bytes[index + 2])
                else { return nil }
                byte = high << 4 | low
                index += 2
            } else if byte == UInt8(ascii: "+"), plusIsSpace {
                byte = UInt8(ascii: " ")
            }
            guard byte >= 0x20, byte != 0x7f else { return nil }
            decoded.append(byte)
            index += 1
        }
        return String(validating: decoded, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
