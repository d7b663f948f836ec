internal import Synchronization

/// HTTP over TCP, TLS and Unix sockets, by libcurl.
///
/// All exchanges of a client share one thread and never block another; connections are kept for the next request.
/// Cancelling the task that waits ends its exchange.
public final class HTTPClient: Sendable {
    private let loop: CurlLoop

    /// Starts the thread. It ends with the client.
    public init() {
        loop = CurlLoop()
        loop.start()
    }

    deinit { loop.close() }

    /// The whole answer, whatever its status.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        try request.validate()
        return try await perform(request, id: loop.nextID()) { .whole($0) }
    }

    /// The head of the answer as soon as it is there; its body comes as it is read.
    public func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        try request.validate()
        let id = loop.nextID()
        let queue = BodyQueue()
        let response = try await perform(request, id: id) { .stream($0, queue) }
        // Dropped together with the stream: an exchange that nobody reads any more is ended.
        let reading = Reading(client: self, id: id, queue: queue)
        let body = AsyncThrowingStream<[UInt8], any Error> { try await reading.next() }
        return HTTPStream(status: response.status, headers: response.headers, body: body)
    }

    /// Connects by TCP, and closes the connection at once.
    ///
    /// - Parameter host: an address or a name.
    public func connect(host: String, port: Int, timeout: Duration) async throws(HTTPError) {
        let isPlain = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: ":"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard !host.isEmpty, isPlain, (1...65_535).contains(port) else {
            throw HTTPError(.invalidRequest, "not a host and a port from 1 to 65535", url: "")
        }
        let authority = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        let request = HTTPRequest(url: "http://\(authority)/", timeout: timeout, reusesConnection: false)
        _ = try await perform(request, id: loop.nextID()) { .connect($0) }
    }

    private func perform(
        _ request: HTTPRequest, id: UInt64,
        _ kind: (CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>) -> TransferOrder.Kind
    ) async throws(HTTPError) -> HTTPResponse {
        let loop = loop
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.add(TransferOrder(id: id, request: request, kind: kind(continuation)))
                // A cancellation before this line found nothing to cancel.
                if Task.isCancelled { loop.cancel(id) }
            }
        } onCancel: {
            loop.cancel(id)
        }
        return try result.get()
    }

    /// The reader's end of a body.
    private final class Reading: Sendable {
        private let client: HTTPClient
        private let id: UInt64
        private let queue: BodyQueue

        init(client: HTTPClient, id: UInt64, queue: BodyQueue) {
            self.client = client
            self.id = id
            self.queue = queue
        }

        deinit { client.loop.cancel(id) }

        func next() async throws -> [UInt8]? {
            let loop = client.loop
            let id = id
            return try await queue.next(resume: { loop.resume(id) }, cancel: { loop.cancel(id) })
        }
    }
}
