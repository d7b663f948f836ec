/// Takes the engine's framing of two output streams apart: 8 bytes with kind and length, then the content.
struct LogDemultiplexer {
    struct Malformed: Error {}

    private var header: [UInt8] = []
    private var left = 0
    private var isError = false

    /// The pieces of content in `bytes`, in order. A frame's length is only counted down, never allocated.
    mutating func add(_ bytes: [UInt8]) throws(Malformed) -> [(isError: Bool, bytes: ArraySlice<UInt8>)] {
        var pieces: [(isError: Bool, bytes: ArraySlice<UInt8>)] = []
        var position = 0
        while position < bytes.count {
            if left > 0 {
                let end = position + min(left, bytes.count - position)
                pieces.append((isError, bytes[position..<end]))
                left -= end - position
                position = end
                continue
            }
            header.append(bytes[position])
            position += 1
            guard header.count == 8 else { continue }
            // 0 is input, echoed; 3 is the engine's own error text.
            guard header[0] <= 3, header[1] == 0, header[2] == 0, header[3] == 0 else { throw Malformed() }
            isError = header[0] >= 2
            left = header[4...].reduce(0) { $0 << 8 | Int($1) }
            header.removeAll(keepingCapacity: true)
        }
        return pieces
    }
}

/// Puts pieces of two streams together to lines.
struct LogLines {
    /// A longer line comes in several.
    static let limitInBytes = 64 << 10

    private var pending: [[UInt8]] = [[], []]

    mutating func add(_ bytes: ArraySlice<UInt8>, isError: Bool) -> [(isError: Bool, text: String)] {
        let index = isError ? 1 : 0
        var lines: [(isError: Bool, text: String)] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append((isError, take(index)))
            } else {
                pending[index].append(byte)
                if pending[index].count >= Self.limitInBytes { lines.append((isError, take(index))) }
            }
        }
        return lines
    }

    /// What has no line end.
    mutating func rest() -> [(isError: Bool, text: String)] {
        [0, 1].filter { !pending[$0].isEmpty }.map { ($0 == 1, take($0)) }
    }

    private mutating func take(_ index: Int) -> String {
        var line = pending[index]
        pending[index].removeAll(keepingCapacity: true)
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }
}
