internal import HTTPClient

/// The events of one answer, cut from the pieces of its body as they come.
struct ControlEvents: AsyncSequence, Sendable {
    typealias Element = EventStreamParser.Event
    let body: AsyncThrowingStream<[UInt8], any Error>
    let endpoint: ControlClient.Endpoint

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var pieces: AsyncThrowingStream<[UInt8], any Error>.Iterator
        fileprivate let endpoint: ControlClient.Endpoint
        private var parser = EventStreamParser()
        private var ready: ArraySlice<Element> = []

        fileprivate init(
            pieces: AsyncThrowingStream<[UInt8], any Error>.Iterator, endpoint: ControlClient.Endpoint
        ) {
            self.pieces = pieces
            self.endpoint = endpoint
        }

        mutating func next() async throws -> Element? { try await next(isolation: #isolation) }

        mutating func next(isolation actor: isolated (any Actor)?) async throws -> Element? {
            while true {
                if let event = ready.popFirst() { return event }
                let piece: [UInt8]?
                do {
                    piece = try await pieces.next(isolation: actor)
                } catch let error as HTTPError {
                    throw ControlClient.unreachable(error, endpoint)
                }
                guard let piece else { return nil }
                guard let events = parser.take(piece) else {
                    throw ControlClient.Failure.refused(
                        code: "protocol", message: "an event of the stream is too long")
                }
                ready = events[...]
            }
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(pieces: body.makeAsyncIterator(), endpoint: endpoint) }
}
