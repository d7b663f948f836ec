@testable import ControlAPI
import HTTPClient
import HTTPServer
import Model
import Ports
import Testing

@Suite struct StreamTests {
    /// Reads a stream until `enough` holds of its text.
    private func read(
        _ running: Running, _ path: String, headers: [(String, String)] = [],
        until enough: (String) throws -> Bool
    ) async throws -> String {
        let stream = try await running.client.stream(
            HTTPRequest(
                url: "http://slipway" + path, unixSocket: running.socket, headers: headers,
                idleTimeout: .seconds(10)))
        #expect(stream.status == 200)
        #expect(stream.header("Content-Type") == "text/event-stream")
        var text = ""
        for try await piece in stream.body {
            text += String(decoding: piece, as: UTF8.self)
            if try enough(text) { return text }
        }
        return text
    }

    @Test func watchBeginsWithTheStateAndGoesOnWithChanges() async throws {
        try await Running.with(try Samples.script()) { running in
            let converged = try Samples.installation(try Samples.app(.converged, wanted: 41, isMoving: false))
            let text = try await read(running, "/v1/watch") { text in
                if text.contains("progressing"), !text.contains("converged") {
                    running.surface.change { $0.status = converged }
                }
                return text.contains(#""verdict":"converged""#) && text.hasSuffix("\n\n")
            }
            #expect(text.hasPrefix("event: status\ndata: {"))
            #expect(
                text.split(separator: "\n").allSatisfy {
                    $0.hasPrefix("event: status") || $0.hasPrefix("data: {")
                })
            try await eventually("the reader has gone, and the watch with it") {
                running.surface.openWatches == 0
            }
        }
    }

    /// A burst of changes is a few states, and the last one is the newest.
    @Test func aBurstIsConflated() async throws {
        let pace = ControlRouter.Pace(heartbeat: .seconds(15), watch: .milliseconds(200))
        try await Running.with(try Samples.script(), pace: pace) { running in
            let last = try Samples.installation(try Samples.app(.held, wanted: 41, isMoving: false))
            var isSent = false
            let text = try await read(running, "/v1/watch") { text in
                if !isSent {
                    isSent = true
                    for _ in 0..<500 { running.surface.change { $0.readiness = nil } }
                    running.surface.change { $0.status = last }
                }
                return text.contains(#""verdict":"held""#) && text.hasSuffix("\n\n")
            }
            let events = text.split(separator: "\n").count { $0.hasPrefix("event:") }
            #expect(events <= 4, "\(events) events")
        }
    }

    @Test func silenceIsBrokenByHeartbeats() async throws {
        let pace = ControlRouter.Pace(heartbeat: .milliseconds(20), watch: .milliseconds(20))
        try await Running.with(try Samples.script(), pace: pace) { running in
            let text = try await read(running, "/v1/events?follow=true&after=2") {
                $0.contains(": heartbeat\n\n: heartbeat\n\n")
            }
            #expect(text.hasPrefix(": heartbeat\n\n"))
            try await eventually("the stream of events is let go of") { running.surface.streamsLetGo == 1 }
        }
    }

    @Test func eventsGoOnWhereTheReaderWas() async throws {
        try await Running.with(try Samples.script()) { running in
            let third = try Samples.event(3)
            let text = try await read(running, "/v1/events?follow=true", headers: [("Last-Event-ID", "1")]) {
                text in
                if text.contains("id: 2\n"), !text.contains("id: 3\n") { running.surface.emit(third) }
                return text.contains("id: 3\n") && text.hasSuffix("\n\n")
            }
            #expect(!text.contains("id: 1\n"))
            #expect(running.surface.asked == ["events 1 true"])
        }
    }

    @Test func logsEndWithTheirInstances() async throws {
        try await Running.with(try Samples.script()) { running in
            let text = try await read(running, "/v1/apps/shop/logs?follow=true") { _ in false }
            #expect(text.hasSuffix("event: end\ndata: {}\n\n"))
            #expect(text.contains(#""text":"one""#) && text.contains(#""text":"two""#))
        }
    }

    @Test func logsSayWhatBrokeThem() async throws {
        var script = try Samples.script()
        script.logsFail = ControlError(.unavailable, "the engine went away")
        try await Running.with(script) { running in
            let text = try await read(running, "/v1/apps/shop/logs?follow=true") { _ in false }
            #expect(text.contains("event: error\ndata: {\"error\":{\"code\":\"unavailable\""))
            let whole = try await running.get("/v1/apps/shop/logs")
            #expect(whole.status == 503)
            #expect(whole.text.contains("the engine went away"))
        }
    }

    @Test func theOutboxHoldsBackItsProducer() async {
        let outbox = Outbox(capacity: 2, heartbeat: [0])
        #expect(await outbox.put([1]))
        #expect(await outbox.put([2]))
        async let third = outbox.put([3])
        outbox.beat()
        #expect(await outbox.next() == [1])
        #expect(await third)
        #expect(await outbox.next() == [2])
        #expect(await outbox.next() == [3])
        outbox.beat()
        outbox.beat()
        #expect(await outbox.next() == [0])
        outbox.close()
        #expect(await outbox.next() == nil)
        #expect(await !outbox.put([4]))
    }

    @Test func aCancelledReaderFreesTheProducer() async throws {
        let outbox = Outbox(capacity: 1, heartbeat: [0])
        _ = await outbox.put([1])
        let producer = Task { await outbox.put([2]) }
        let reader = Task {
            _ = await outbox.next()
            _ = await outbox.next()
            return await outbox.next()
        }
        reader.cancel()
        #expect(await reader.value == nil)
        _ = await producer.value
        #expect(await !outbox.put([3]))
    }
}
