import EdgeProxy
import Execution
import Glibc
import Model

/// How soon a decision about who gets the requests is seen in effect.
struct EdgeSwitch: Measure {
    let name: String
    let apps: Int
    var summary: String {
        "from the decision until the first request comes to the new instance, with \(apps) apps behind the edge"
    }
    let unit = Unit.milliseconds
    let aim = "≤ 10 ms"
    let against = "the same change by bare calls on the socket of HAProxy, and a request"
    let needsEngine = false
    private let rounds = 40

    func run(_ bench: Bench) async throws -> Samples {
        try await EdgeBench.with(bench) { [self] world in
            try await world.fill(apps)
            var samples = Samples()
            // The first request after a load opens connections; it is no part of a switch.
            _ = try await world.answer(0)
            for round in 1...rounds {
                let wanted = round % 2
                let route = try world.route(0, to: wanted)
                let watch = Stopwatch()
                try await world.edge.apply(route)
                guard try await world.answer(0) == wanted else {
                    throw BenchError("a request came to the old instance after the change was confirmed")
                }
                let time = watch.milliseconds
                samples.add(time, baseline: try await bare(bench, world, away: wanted))
                // Back, so that the adapter finds what it knows.
                try await raw(bench, world, serving: wanted)
            }
            return samples
        }
    }

    private func bare(_ bench: Bench, _ world: EdgeBench, away serving: Int) async throws -> Double {
        let watch = Stopwatch()
        try await raw(bench, world, serving: 1 - serving)
        guard try await world.answer(0) == 1 - serving else {
            throw BenchError("the bare call had no effect")
        }
        return watch.milliseconds
    }

    private func raw(_ bench: Bench, _ world: EdgeBench, serving: Int) async throws {
        let calls = (0..<2).map { index in
            "set server app-0.web/app-0-web-v1-\(index + 1) state \(index == serving ? "ready" : "drain")"
        }
        let path = "\(world.folder)/edge/run/admin.sock"
        try await bench.pool.run { () throws(BenchError) in
            try UnixCall.send(calls.joined(separator: ";") + "\n", to: path)
        }
    }
}

/// One exchange over a Unix socket.
enum UnixCall {
    /// Sends `text` and reads until the other side has closed.
    static func send(_ text: String, to path: String) throws(BenchError) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw BenchError("no socket: errno \(errno)") }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < 107 else { throw BenchError("\(path) is too long for a socket") }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let code = unsafe withUnsafeBytes(of: &address) { raw in
            unsafe connect(descriptor, raw.bindMemory(to: sockaddr.self).baseAddress, size)
        }
        guard code == 0 else { throw BenchError("\(path) does not answer: errno \(errno)") }
        let message = Array(text.utf8)
        guard unsafe write(descriptor, message, message.count) == message.count else {
            throw BenchError("\(path) takes nothing: errno \(errno)")
        }
        var answer = [UInt8](repeating: 0, count: 4_096)
        while unsafe read(descriptor, &answer, answer.count) > 0 {}
    }
}
