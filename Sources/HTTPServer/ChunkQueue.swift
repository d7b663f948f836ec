/// Pieces of a stream in order, taken in other sizes than they were put in.
struct ChunkQueue {
    private var chunks: [[UInt8]] = []
    private var head = 0
    /// How much of the first chunk is taken.
    private var offset = 0
    /// Bytes that are left.
    private(set) var count = 0

    mutating func append(_ chunk: [UInt8]) {
        guard !chunk.isEmpty else { return }
        chunks.append(chunk)
        count += chunk.count
    }

    /// Fills `buffer` as far as there is something; returns how many bytes that were.
    mutating func take(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        var taken = 0
        while taken < buffer.count, head < chunks.count {
            let rest = chunks[head][offset...]
            let length = min(rest.count, buffer.count - taken)
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[taken..<(taken + length)])
                .copyBytes(from: rest.prefix(length))
            taken += length
            offset += length
            if offset == chunks[head].count {
                chunks[head] = []
                head += 1
                offset = 0
            }
        }
        count -= taken
        if head == chunks.count {
            chunks.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 64 {
            chunks.removeFirst(head)
            head = 0
        }
        return taken
    }
}
