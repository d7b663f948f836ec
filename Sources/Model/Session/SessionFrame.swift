/// One message of a session between the command line and the controller.
///
/// On the wire: a byte for the kind, four for the length of what follows, the highest first, and that.
public enum SessionFrame: Hashable, Sendable {
    /// From the client: bytes for the standard input.
    case input([UInt8])
    /// From the client: the standard input ends here.
    case inputEnd
    /// From the client: its terminal has another size.
    case resize(TerminalSize)
    /// From the client: the answer to a `ping`.
    case pong
    /// From the controller: what the command has written, of a terminal both streams.
    case output([UInt8])
    case errorOutput([UInt8])
    /// From the controller: asks whether somebody is there.
    case ping
    /// From the controller: why it went wrong, as JSON of `ErrorReport`. An `exit` may follow.
    case failure([UInt8])
    /// From the controller, as the last: the command has ended with this code.
    case exit(Int32)

    /// The longest content of a frame, in bytes.
    public static let contentLimitInBytes = 64 << 10

    /// Who sends a frame.
    public enum Sender: Sendable, Hashable { case client, controller }

    public var sender: Sender {
        switch self {
        case .input, .inputEnd, .resize, .pong: .client
        case .output, .errorOutput, .ping, .failure, .exit: .controller
        }
    }

    private var kind: UInt8 {
        switch self {
        case .input: 1
        case .inputEnd: 2
        case .resize: 3
        case .pong: 4
        case .output: 17
        case .errorOutput: 18
        case .ping: 19
        case .failure: 20
        case .exit: 21
        }
    }

    private var content: [UInt8] {
        switch self {
        case .input(let bytes), .output(let bytes), .errorOutput(let bytes), .failure(let bytes): bytes
        case .inputEnd, .pong, .ping: []
        case .resize(let size): Self.bytes(UInt32(size.columns) << 16 | UInt32(size.rows))
        case .exit(let code): Self.bytes(UInt32(bitPattern: code))
        }
    }

    /// As it goes over the wire. Content past the limit is left out: whoever reads pieces does so within it.
    public var encoded: [UInt8] {
        let content = content.prefix(Self.contentLimitInBytes)
        return [kind] + Self.bytes(UInt32(content.count)) + content
    }

    /// `nil` for a kind that there is not, or content that does not fit the kind.
    init?(kind: UInt8, content: ArraySlice<UInt8>) {
        switch (kind, content.count) {
        case (1, _): self = .input(Array(content))
        case (2, 0): self = .inputEnd
        case (3, 4):
            let value = Self.number(content)
            self = .resize(
                TerminalSize(columns: UInt16(value >> 16), rows: UInt16(truncatingIfNeeded: value)))
        case (4, 0): self = .pong
        case (17, _): self = .output(Array(content))
        case (18, _): self = .errorOutput(Array(content))
        case (19, 0): self = .ping
        case (20, _): self = .failure(Array(content))
        case (21, 4): self = .exit(Int32(bitPattern: Self.number(content)))
        default: return nil
        }
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }
}

/// Takes the bytes of a session apart, in whatever pieces they come. Keeps less than one frame.
public struct SessionFrameDecoder: Sendable {
    /// The peer does not speak this protocol, or another version of it: there is no way on.
    public struct Malformed: Error, Sendable, Hashable {
        public var reason: String
    }

    private let sender: SessionFrame.Sender
    private var pending: [UInt8] = []
    private var failure: Malformed?

    /// - Parameter sender: who speaks; what only the other side may say is malformed.
    public init(from sender: SessionFrame.Sender) { self.sender = sender }

    /// The frames that `bytes` completes. After an error every call throws it again.
    public mutating func add(_ bytes: [UInt8]) throws(Malformed) -> [SessionFrame] {
        if let failure { throw failure }
        pending += bytes
        var frames: [SessionFrame] = []
        var position = 0
        while pending.count - position >= 5 {
            let length = Int(SessionFrame.number(pending[(position + 1)..<(position + 5)]))
            guard length <= SessionFrame.contentLimitInBytes else {
                throw fail(
                    "a frame of \(length) bytes; at most \(SessionFrame.contentLimitInBytes) are allowed")
            }
            guard pending.count - position - 5 >= length else { break }
            let content = pending[(position + 5)..<(position + 5 + length)]
            guard let frame = SessionFrame(kind: pending[position], content: content), frame.sender == sender
            else {
                throw fail("a frame of kind \(pending[position]) with \(length) bytes, which there is not")
            }
            frames.append(frame)
            position += 5 + length
        }
        pending.removeFirst(position)
        return frames
    }

    private mutating func fail(_ reason: String) -> Malformed {
        let malformed = Malformed(reason: reason)
        failure = malformed
        pending = []
        return malformed
    }
}
