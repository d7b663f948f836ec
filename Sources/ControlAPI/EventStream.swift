internal import HTTPServer
internal import Model

/// The body of a `text/event-stream` answer.
///
/// The tasks that fill it live as long as the server holds the stream: they end when the peer goes, when the server
/// stops, and when the source ends.
enum EventStream {
    /// - Parameters:
    ///   - heartbeat: how long the stream may be silent before a comment line shows that it is alive.
    ///   - produce: puts chunks until it is done or a put says that the peer is gone.
    static func response(
        heartbeat: Duration, capacity: Int, produce: @escaping @Sendable (Outbox) async -> Void
    ) -> HTTPServerResponse {
        let outbox = Outbox(capacity: capacity, heartbeat: Array(": heartbeat\n\n".utf8))
        let work = OwnedTask(
            Task {
                await withTaskGroup { group in
                    group.addTask {
                        await produce(outbox)
                        outbox.close()
                    }
                    group.addTask {
                        while (try? await Task.sleep(for: heartbeat)) != nil { outbox.beat() }
                    }
                    await group.next()
                    group.cancelAll()
                }
            })
        let stream = AsyncStream<[UInt8]>(
            unfolding: { [work] in
                _ = work
                return await outbox.next()
            },
            onCancel: { outbox.close() })
        return HTTPServerResponse(
            status: 200,
            headers: [
                ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"),
                ("X-Accel-Buffering", "no")
            ],
            body: .stream(stream))
    }

    /// One event. JSON has no raw line breaks, so one data line does.
    static func chunk(event: String, id: Int64? = nil, json: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(json.count + 48)
        if let id { bytes += Array("id: \(id)\n".utf8) }
        bytes += Array("event: \(event)\ndata: ".utf8)
        bytes += json
        bytes += [10, 10]
        return bytes
    }

    /// A value as an event; one that cannot be encoded becomes an error event.
    static func chunk(event: String, id: Int64? = nil, _ value: some Encodable) -> [UInt8] {
        do {
            return chunk(event: event, id: id, json: try WireCoding.encode(value))
        } catch {
            return chunk(
                event: "error", json: Array(#"{"error":{"code":"internal","message":"not encodable"}}"#.utf8))
        }
    }
}

/// A task that ends with the last reference to it.
private final class OwnedTask: Sendable {
    private let task: Task<Void, Never>
    init(_ task: Task<Void, Never>) { self.task = task }
    deinit { task.cancel() }
}
