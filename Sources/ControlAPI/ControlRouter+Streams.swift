internal import HTTPServer
internal import Model
internal import Ports

extension ControlRouter {
    /// Lines and events that one answer holds; who wants more asks again, or follows.
    static let longestList = 10_000

    /// The whole status, at once and then after changes. A slow reader gets fewer states, never an old one last.
    func watch(_ read: RequestReader, _ surface: any ControlSurface) async -> HTTPServerResponse {
        // Listened to before the first look, so that no change falls between.
        let changes = await surface.changes()
        let (pause, isGood) = (pace.watch, stillGood(read.request))
        return EventStream.response(heartbeat: pace.heartbeat, capacity: 1) { outbox in
            guard await outbox.put(EventStream.chunk(event: "status", await surface.status())) else { return }
            for await _ in changes {
                guard (try? await Task.sleep(for: pause)) != nil, isGood() else { return }
                guard await outbox.put(EventStream.chunk(event: "status", await surface.status())) else {
                    return
                }
            }
        }
    }

    func events(
        _ read: RequestReader, _ surface: any ControlSurface
    ) async throws(APIFailure) -> HTTPServerResponse {
        let follow = try read.flag("follow")
        var after = try read.integer("after", default: 0, in: 0...Int64.max)
        // What a reader that reconnects by itself has seen already.
        if follow, let last = read.request.headers["last-event-id"], let sequence = Int64(last),
            sequence > after
        {
            after = sequence
        }
        let stream: AsyncStream<EventRecord>
        do throws(ControlError) {
            stream = try await surface.events(after: after, follow: follow)
        } catch {
            throw APIFailure(error)
        }
        guard follow else {
            var list: [EventRecord] = []
            for await event in stream.prefix(Self.longestList) { list.append(event) }
            return try .json(list)
        }
        let isGood = stillGood(read.request)
        return EventStream.response(heartbeat: pace.heartbeat, capacity: 64) { outbox in
            for await event in stream {
                guard isGood() else { return }
                let chunk = EventStream.chunk(event: "event", id: event.sequence, event)
                guard await outbox.put(chunk) else { return }
            }
        }
    }

    func logs(
        _ read: RequestReader, _ surface: any ControlSurface
    ) async throws(APIFailure) -> HTTPServerResponse {
        let app = try read.app()
        let subject = try logSubject(read)
        let tail = Int(try read.integer("tail", default: 100, in: 0...Int64(Self.longestList)))
        let since = try read.seconds("since")
        let follow = try read.flag("follow")
        let stream: AsyncThrowingStream<LogLine, any Error>
        do throws(ControlError) {
            stream = try await surface.logs(
                app: app, of: subject, tail: tail, sinceSeconds: since, follow: follow)
        } catch {
            throw APIFailure(error)
        }
        guard follow else {
            var list: [LogLine] = []
            do {
                for try await line in stream.prefix(Self.longestList) { list.append(line) }
            } catch {
                throw Self.failure(error)
            }
            return try .json(list)
        }
        let isGood = stillGood(read.request)
        return EventStream.response(heartbeat: pace.heartbeat, capacity: 64) { outbox in
            do {
                for try await line in stream {
                    guard isGood() else { return }
                    guard await outbox.put(EventStream.chunk(event: "line", line)) else { return }
                }
                _ = await outbox.put(EventStream.chunk(event: "end", json: Array("{}".utf8)))
            } catch {
                // The status line is long gone; the stream itself says what broke it.
                _ = await outbox.put(EventStream.chunk(event: "error", Self.failure(error).report))
            }
        }
    }

    private func logSubject(_ read: RequestReader) throws(APIFailure) -> LogSubject {
        let process = try read.name("process", ProcessName.self)
        guard let job = try read.name("job", ProcessName.self) else { return .instances(of: process) }
        guard process == nil else {
            throw APIFailure.invalid("give query parameter 'process' or 'job', not both")
        }
        return .job(job, run: read.request.query["run"])
    }

    private static func failure(_ error: any Error) -> APIFailure {
        if let error = error as? ControlError { return APIFailure(error) }
        return APIFailure(503, "unavailable", "the log broke off; the engine may be restarting, try again")
    }
}
