import Model
import Testing

@Suite struct SessionFrameTests {
    private static let ofClient: [SessionFrame] = [
        .input([]), .input(Array("abc".utf8)), .inputEnd, .resize(TerminalSize(columns: 65_535, rows: 1)),
        .pong,
        .input([UInt8](repeating: 0xff, count: SessionFrame.contentLimitInBytes))
    ]
    private static let ofController: [SessionFrame] = [
        .output([0, 1, 2]), .errorOutput([]), .ping, .failure(Array("{}".utf8)), .exit(-1), .exit(.max),
        .exit(137), .output([UInt8](repeating: 0, count: SessionFrame.contentLimitInBytes))
    ]

    private static func all(_ sender: SessionFrame.Sender) -> [SessionFrame] {
        sender == .client ? ofClient : ofController
    }

    /// In one piece, byte by byte, and in pieces of every other length.
    @Test(arguments: [SessionFrame.Sender.client, .controller], [Int.max, 1, 2, 3, 7, 4_096, 65_541])
    func framesComeBack(_ sender: SessionFrame.Sender, _ size: Int) throws {
        let frames = Self.all(sender)
        #expect(frames.allSatisfy { $0.sender == sender })
        let bytes = frames.flatMap(\.encoded)
        var decoder = SessionFrameDecoder(from: sender)
        var found: [SessionFrame] = []
        var position = 0
        while position < bytes.count {
            let end = min(bytes.count, size == .max ? bytes.count : position + size)
            found += try decoder.add(Array(bytes[position..<end]))
            position = end
        }
        #expect(found == frames)
    }

    @Test func whatTheOtherSideSaysIsRefused() {
        for frame in Self.ofController {
            var decoder = SessionFrameDecoder(from: .client)
            #expect(throws: SessionFrameDecoder.Malformed.self) { try decoder.add(frame.encoded) }
        }
        for frame in Self.ofClient {
            var decoder = SessionFrameDecoder(from: .controller)
            #expect(throws: SessionFrameDecoder.Malformed.self) { try decoder.add(frame.encoded) }
        }
    }

    @Test(
        arguments: [
            [0, 0, 0, 0, 0], [1, 255, 255, 255, 255], [1, 0, 1, 0, 1], [2, 0, 0, 0, 1, 9],
            [3, 0, 0, 0, 3, 1, 2, 3],
            [4, 0, 0, 0, 1, 0], [255, 0, 0, 0, 0]
        ] as [[UInt8]]) func malformed(_ bytes: [UInt8])
    {
        var decoder = SessionFrameDecoder(from: .client)
        let error = #expect(throws: SessionFrameDecoder.Malformed.self) { try decoder.add(bytes) }
        #expect(error?.reason.isEmpty == false)
        // There is no way on: what would be good is not read any more.
        #expect(throws: SessionFrameDecoder.Malformed.self) { try decoder.add(SessionFrame.pong.encoded) }
    }

    @Test func aWindowWithoutSizeHasOne() throws {
        var decoder = SessionFrameDecoder(from: .client)
        let frames = try decoder.add([3, 0, 0, 0, 4, 0, 0, 0, 0])
        #expect(frames == [.resize(TerminalSize(columns: 1, rows: 1))])
    }

    /// Cut at every byte and with every byte changed: an error or frames, never more than was sent, and never a trap.
    @Test(arguments: [SessionFrame.Sender.client, .controller]) func cutAndChanged(
        _ sender: SessionFrame.Sender
    ) {
        let bytes = Self.all(sender).filter { $0.encoded.count < 100 }.flatMap(\.encoded)
        for end in 0...bytes.count {
            var decoder = SessionFrameDecoder(from: sender)
            let frames = try? decoder.add(Array(bytes[..<end]))
            #expect(frames.map { $0.flatMap(\.encoded).count <= end } == true)
        }
        for position in bytes.indices {
            for change in [1, 0x80, 0xff] as [UInt8] {
                var changed = bytes
                changed[position] ^= change
                var decoder = SessionFrameDecoder(from: sender)
                let frames = (try? decoder.add(changed)) ?? []
                #expect(frames.flatMap(\.encoded).count <= changed.count)
            }
        }
    }

    /// Noise in pieces of any size.
    @Test func noise() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var decoder = SessionFrameDecoder(from: Bool.random(using: &random) ? .client : .controller)
            for _ in 0..<8 {
                let piece = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                    // Small numbers are kinds and lengths that make sense.
                    UInt8.random(in: 0...(Bool.random(using: &random) ? 22 : 255), using: &random)
                }
                guard (try? decoder.add(piece)) != nil else { break }
            }
        }
    }
}

@Suite struct SessionOrderTests {
    @Test func ordersComeBack() throws {
        let order = SessionOrder(
            command: ["sh", "-c", "echo \"$X\"\n", "ü", ""], process: ProcessName("web"),
            instance: "shop-web-v1-1", terminal: true, input: true, size: TerminalSize(columns: 80, rows: 24))
        #expect(order.objection == nil)
        #expect(SessionOrder(headerValue: try order.headerValue()) == order)
        let short = SessionOrder(command: ["true"])
        #expect(SessionOrder(headerValue: try short.headerValue()) == short)
    }

    @Test(arguments: [
        "", "e30=", "!!!", "bnVsbA==", "eyJjb21tYW5kIjoxfQ==", String(repeating: "A", count: 20_000)
    ])
    func noOrders(_ text: String) { #expect(SessionOrder(headerValue: text) == nil) }

    @Test func headersCutAndChanged() throws {
        let text = Array(
            try SessionOrder(command: ["ls", "-l"], process: ProcessName("web")).headerValue().utf8)
        for end in text.indices {
            // Another order, or none, and no trap.
            _ = SessionOrder(headerValue: String(decoding: text[..<end], as: UTF8.self))
            var changed = text
            changed[end] = changed[end] == 65 ? 66 : 65
            _ = SessionOrder(headerValue: String(decoding: changed, as: UTF8.self))?.objection
        }
    }

    @Test func ordersThatMakeNoSense() {
        #expect(SessionOrder(command: []).objection != nil)
        #expect(SessionOrder(command: [""]).objection != nil)
        #expect(SessionOrder(command: ["a\0b"]).objection != nil)
        #expect(SessionOrder(command: ["a"], instance: "../x").objection != nil)
        #expect(SessionOrder(command: [String](repeating: "a", count: 1_025)).objection != nil)
    }

    @Test func theProgramsNameHasNoFolder() {
        #expect(SessionOrder(command: ["/usr/bin/psql", "--password=x"]).programName == "psql")
        #expect(SessionOrder(command: ["/"]).programName == "")
        #expect(SessionOrder(command: [String(repeating: "a", count: 500)]).programName.count == 64)
    }
}
