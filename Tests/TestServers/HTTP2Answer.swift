/// An answer in HTTP/2 frames, for one request on a connection; enough to show trailers to a client.
public enum HTTP2Answer {
    /// - Parameters:
    ///   - headers: besides status 200; names in small letters.
    ///   - body: `nil`: the first head is also the last, as gRPC servers answer with errors.
    public static func bytes(
        headers: [(String, String)], body: [UInt8]?, trailers: [(String, String)] = []
    ) -> [UInt8] {
        let settings = frame(kind: 4, flags: 0, stream: 0, [])
        let acknowledgement = frame(kind: 4, flags: 1, stream: 0, [])
        // 0x88 is `:status 200` in HPACK's static table.
        let head = [0x88] + headers.flatMap(field)
        guard let body else { return settings + acknowledgement + frame(kind: 1, flags: 5, stream: 1, head) }
        return settings + acknowledgement + frame(kind: 1, flags: 4, stream: 1, head)
            + frame(kind: 0, flags: 0, stream: 1, body)
            + frame(kind: 1, flags: 5, stream: 1, trailers.flatMap(field))
    }

    /// A literal field that is not indexed, without Huffman coding; at most 126 bytes a piece.
    private static func field(_ name: String, _ value: String) -> [UInt8] {
        [0, UInt8(clamping: name.utf8.count)] + name.utf8 + [UInt8(clamping: value.utf8.count)] + value.utf8
    }

    private static func frame(kind: UInt8, flags: UInt8, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let size = payload.count
        let length = [UInt8(size >> 16 & 255), UInt8(size >> 8 & 255), UInt8(size & 255)]
        return length + [kind, flags, 0, 0, 0, stream] + payload
    }
}
