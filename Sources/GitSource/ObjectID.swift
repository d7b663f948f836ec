internal import CGit2
internal import Model

/// The id of a git object, as a value.
struct ObjectID: Hashable, Sendable {
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    init(_ commit: CommitID) {
        self.init(hex: commit.rawValue.utf8)
    }

    init(_ id: git_oid) {
        let bytes = id.id
        let list = [
            bytes.0, bytes.1, bytes.2, bytes.3, bytes.4, bytes.5, bytes.6, bytes.7, bytes.8, bytes.9,
            bytes.10,
            bytes.11, bytes.12, bytes.13, bytes.14, bytes.15, bytes.16, bytes.17, bytes.18, bytes.19
        ]
        high = list[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        middle = list[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
        low = list[16..<20].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Takes 40 lower-case hex digits.
    private init(hex: String.UTF8View) {
        let digits = hex.map { $0 >= UInt8(ascii: "a") ? $0 &- 87 : $0 &- 48 }
        high = digits.prefix(16).reduce(0) { $0 << 4 | UInt64($1 & 15) }
        middle = digits.dropFirst(16).prefix(16).reduce(0) { $0 << 4 | UInt64($1 & 15) }
        low = digits.dropFirst(32).prefix(8).reduce(0) { $0 << 4 | UInt32($1 & 15) }
    }

    var raw: git_oid {
        func byte(_ word: UInt64, _ index: UInt64) -> UInt8 {
            UInt8(truncatingIfNeeded: word >> (56 - 8 * index))
        }
        func byte(_ word: UInt32, _ index: UInt32) -> UInt8 {
            UInt8(truncatingIfNeeded: word >> (24 - 8 * index))
        }
        return git_oid(
            id: (
                byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3), byte(high, 4), byte(high, 5),
                byte(high, 6), byte(high, 7), byte(middle, 0), byte(middle, 1), byte(middle, 2),
                byte(middle, 3),
                byte(middle, 4), byte(middle, 5), byte(middle, 6), byte(middle, 7), byte(low, 0),
                byte(low, 1),
                byte(low, 2), byte(low, 3)
            ))
    }

    /// 40 lower-case hex digits.
    var hex: String {
        func padded(_ word: some BinaryInteger, _ width: Int) -> String {
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: width - digits.count) + digits
        }
        return padded(high, 16) + padded(middle, 16) + padded(low, 8)
    }
}
