internal import FoundationEssentials
internal import Ports

/// Values to and from the JSON of a row.
struct RowCoder {
    private let encoder: JSONEncoder
    private let decoder = JSONDecoder()
    /// Rows that are decoded in one go; setting up a decoder costs more than reading a small row.
    private static let batch = 256

    init() {
        encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    func encode(_ value: some Encodable, _ what: String) throws(StoreError) -> Statement.Value {
        do {
            return .bytes(Array(try encoder.encode(value)))
        } catch {
            throw StoreError(.internal, "\(what) cannot be written as JSON; report this as a bug")
        }
    }

    func decode<Value: Decodable>(_ json: [UInt8], as type: Value.Type) -> Value? {
        // Whoever calls leaves the row out and says so; the decoder's text may show what the row holds.
        try? decoder.decode(type, from: Data(json))
    }

    /// Decodes many rows; `nil` in the place of each that is not what it should be.
    func decode<Value: Decodable>(all rows: [[UInt8]], as type: Value.Type) -> [Value?] {
        var values: [Value?] = []
        values.reserveCapacity(rows.count)
        var start = 0
        while start < rows.count {
            let part = rows[start..<min(start + Self.batch, rows.count)]
            start += part.count
            var array = Data([UInt8(ascii: "[")])
            for row in part {
                if array.count > 1 { array.append(UInt8(ascii: ",")) }
                array.append(contentsOf: row)
            }
            array.append(UInt8(ascii: "]"))
            if let decoded = decode(array, as: [Value].self), decoded.count == part.count {
                values.append(contentsOf: decoded)
            } else {
                for row in part { values.append(decode(row, as: type)) }
            }
        }
        return values
    }

    private func decode<Value: Decodable>(_ json: Data, as type: Value.Type) -> Value? {
        try? decoder.decode(type, from: json)  // As above.
    }
}
