/// Goes through the lines of an answer and their fields without a copy; empty lines are passed over.
struct FieldScanner {
    private let bytes: [UInt8]
    private let separator: UInt8
    private var position = 0
    /// Where each field of the line begins, and one after the last of them.
    private var starts: [Int] = []

    init(_ bytes: [UInt8], separator: UInt8) {
        self.bytes = bytes
        self.separator = separator
        starts.reserveCapacity(200)
    }

    /// Goes to the next line; `false` at the end.
    ///
    /// - Parameter limit: fields that are looked for; the last of them has the rest of the line in it.
    mutating func next(limit: Int) -> Bool {
        starts.removeAll(keepingCapacity: true)
        while position < bytes.count, bytes[position] == 10 { position += 1 }
        guard position < bytes.count else { return false }
        starts.append(position)
        while position < bytes.count, bytes[position] != 10 {
            if bytes[position] == separator, starts.count < limit { starts.append(position + 1) }
            position += 1
        }
        starts.append(position + 1)
        return true
    }

    /// Fields of the line.
    var count: Int { max(0, starts.count - 1) }
    /// The first byte of the line.
    var first: UInt8 { bytes[starts[0]] }

    private func range(_ index: Int) -> Range<Int> { starts[index]..<starts[index + 1] - 1 }

    func text(_ index: Int) -> String { String(decoding: bytes[range(index)], as: UTF8.self) }

    /// A whole number of at most 18 digits.
    func integer(_ index: Int) -> Int? {
        let range = range(index)
        guard !range.isEmpty, range.count <= 18 else { return nil }
        var value = 0
        for position in range {
            guard (48...57).contains(bytes[position]) else { return nil }
            value = value * 10 + Int(bytes[position] - 48)
        }
        return value
    }
}
