/// Cuts a stream of bytes into lines, with a limit on what an unfinished line may take.
struct LineSplitter {
    struct TooLong: Error {}

    let limitInBytes: Int
    private var pending: [UInt8] = []

    init(limitInBytes: Int) { self.limitInBytes = limitInBytes }

    /// The lines that `bytes` complete, without their ends (`\n` or `\r\n`). Empty lines are left out.
    mutating func add(_ bytes: [UInt8]) throws(TooLong) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            guard pending.count + end - start <= limitInBytes else { throw TooLong() }
            pending.append(contentsOf: bytes[start..<end])
            if let line = rest() { lines.append(line) }
            start = end + 1
        }
        guard pending.count + bytes.count - start <= limitInBytes else { throw TooLong() }
        pending.append(contentsOf: bytes[start...])
        return lines
    }

    /// What stands after the last line end; `nil` if nothing does.
    mutating func rest() -> [UInt8]? {
        var line = pending
        pending.removeAll(keepingCapacity: true)
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line.isEmpty ? nil : line
    }
}
