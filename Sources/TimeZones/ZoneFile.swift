public import Model

/// Why a file does not say what the clocks of a zone show.
public struct ZoneFileError: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}

/// Reads the compiled form of a time zone, as `/usr/share/zoneinfo` has it (RFC 8536, version 2 and later).
public enum ZoneFile {
    /// More than any zone of the world has taken so far, tenfold.
    public static let largestInBytes = 64 << 10

    /// - Parameters:
    ///   - bytes: the content of the file; whatever it is leads to an answer or an error.
    ///   - name: of the zone.
    public static func rules(_ bytes: [UInt8], name: String) throws(ZoneFileError) -> ZoneRules {
        guard bytes.count <= largestInBytes else {
            throw ZoneFileError(message: "it has \(bytes.count) bytes; at most \(largestInBytes) are read")
        }
        var reader = Reader(bytes: bytes)
        // What stands first is for readers that know 32 bits only.
        let old = try Header(&reader)
        try reader.skip(old.sizeOfData(timeSize: 4))
        let header = try Header(&reader)
        guard header.leaps == 0 else {
            throw ZoneFileError(message: "it counts leap seconds, which no clock here does")
        }
        return try body(header, &reader, name: name)
    }

    private static func body(
        _ header: Header, _ reader: inout Reader, name: String
    ) throws(ZoneFileError) -> ZoneRules {
        var times: [Int64] = []
        for _ in 0..<header.times { times.append(try reader.number(8)) }
        var kinds: [Int] = []
        for _ in 0..<header.times { kinds.append(Int(try reader.byte())) }
        var offsets: [Int64] = []
        for _ in 0..<header.types {
            let offset = try reader.number(4)
            guard (-93_600...93_600).contains(offset) else {
                throw ZoneFileError(message: "it has an offset of \(offset) seconds, which no zone has")
            }
            offsets.append(offset)
            try reader.skip(2)
        }
        try reader.skip(header.characters + header.standardFlags + header.utcFlags)
        guard let first = offsets.first, kinds.allSatisfy({ offsets.indices.contains($0) }) else {
            throw ZoneFileError(message: "it names a kind of time that it does not describe")
        }
        let transitions = zip(times, kinds).map { ZoneRules.Transition(at: $0, offset: offsets[$1]) }
        let footer = try reader.footer()
        let tail = try footer.isEmpty ? nil : ZoneText.parse(footer)
        return ZoneRules(
            name: name, firstOffset: transitions.isEmpty ? tail?.standardOffset ?? first : first,
            transitions: transitions, yearly: tail?.yearly)
    }

    private struct Header {
        var utcFlags: Int
        var standardFlags: Int
        var leaps: Int
        var times: Int
        var types: Int
        var characters: Int

        init(_ reader: inout Reader) throws(ZoneFileError) {
            guard try reader.take(4) == Array("TZif".utf8) else {
                throw ZoneFileError(message: "it is not a compiled time zone")
            }
            guard try reader.byte() >= UInt8(ascii: "2") else {
                throw ZoneFileError(
                    message: "it is of version 1, which ends with the year 2037; install a newer tzdata")
            }
            try reader.skip(15)
            utcFlags = try reader.count()
            standardFlags = try reader.count()
            leaps = try reader.count()
            times = try reader.count()
            types = try reader.count()
            characters = try reader.count()
        }

        func sizeOfData(timeSize: Int) -> Int {
            times * (timeSize + 1) + types * 6 + characters + leaps * (timeSize + 4) + standardFlags
                + utcFlags
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        private var position = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func take(_ count: Int) throws(ZoneFileError) -> [UInt8] {
            guard count >= 0, count <= bytes.count - position else {
                throw ZoneFileError(message: "it ends too early")
            }
            defer { position += count }
            return Array(bytes[position..<position + count])
        }

        mutating func skip(_ count: Int) throws(ZoneFileError) { _ = try take(count) }

        mutating func byte() throws(ZoneFileError) -> UInt8 { try take(1)[0] }

        /// A signed number of so many bytes, the highest first.
        mutating func number(_ size: Int) throws(ZoneFileError) -> Int64 {
            let taken = try take(size)
            let start: Int64 = (taken.first ?? 0) >= 0x80 ? -1 : 0
            return taken.reduce(start) { ($0 << 8) | Int64($1) }
        }

        /// A number of things; no file that is read here has more.
        mutating func count() throws(ZoneFileError) -> Int {
            let number = try number(4)
            guard (0...Int64(largestInBytes)).contains(number) else {
                throw ZoneFileError(message: "it announces \(number) things, which do not fit into it")
            }
            return Int(number)
        }

        /// What stands between the last two line breaks.
        mutating func footer() throws(ZoneFileError) -> String {
            guard try byte() == UInt8(ascii: "\n"), position < bytes.count, bytes.last == UInt8(ascii: "\n")
            else {
                throw ZoneFileError(message: "it does not end with a rule for the years to come")
            }
            return String(decoding: bytes[position..<bytes.count - 1], as: UTF8.self)
        }
    }
}
