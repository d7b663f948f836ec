internal import HTTPClient

/// Makes elements of a stream's bytes.
protocol StreamParser: Sendable {
    associatedtype Element: Sendable
    mutating func add(_ bytes: [UInt8]) throws -> [Element]
    /// What is left at the end.
    mutating func finish() throws -> [Element]
}

/// Reads one of the engine's endless answers for one reader, no faster than it asks.
actor EngineStream<Parser: StreamParser> {
    typealias Opening = @Sendable () async throws -> (HTTPStream, Parser)

    private var open: Opening?
    private var iterator: AsyncThrowingStream<[UInt8], any Error>.Iterator?
    private var parser: Parser?
    private var ready: [Parser.Element] = []
    private var head = 0
    private let failure: @Sendable (any Error) -> any Error

    /// - Parameters:
    ///   - open: connects; called when the first element is asked for.
    ///   - failure: puts an error into the reader's terms.
    init(failure: @escaping @Sendable (any Error) -> any Error, open: @escaping Opening) {
        self.open = open
        self.failure = failure
    }

    /// The elements as a stream; the exchange ends when it is let go of.
    nonisolated var elements: AsyncThrowingStream<Parser.Element, any Error> {
        AsyncThrowingStream { try await self.next() }
    }

    private func next() async throws -> Parser.Element? {
        do {
            if let open {
                self.open = nil
                let (stream, parser) = try await open()
                iterator = stream.body.makeAsyncIterator()
                self.parser = parser
            }
            while head >= ready.count {
                head = 0
                ready = []
                // The copy shares the stream; a call on the property itself would hold the actor's memory.
                guard var iterator, var parser else { return nil }
                if let piece = try await iterator.next(isolation: self) {
                    ready = try parser.add(piece)
                    self.parser = parser
                } else {
                    ready = try parser.finish()
                    self.iterator = nil
                    self.parser = nil
                }
            }
            head += 1
            return ready[head - 1]
        } catch {
            iterator = nil
            parser = nil
            throw failure(error)
        }
    }
}
