internal import CCurl
public import Execution
internal import Glibc

/// What became of a request for another protocol.
public enum HTTPUpgrade: Sendable {
    /// The peer has switched: from here on the connection's bytes are the protocol's.
    case switched(HTTPResponse, ByteChannel)
    /// The peer has answered something else; at most 64 KiB of its body.
    case refused(HTTPResponse)
}

extension HTTPClient {
    /// Asks for the protocol `name` upon a connection of its own.
    ///
    /// libcurl makes the connection, TLS included; what is said on it before the switch is one request and one head.
    /// `request.timeout` is for all of it until the answer's head has come; a cancelled task waits no longer than that.
    public func upgrade(_ request: HTTPRequest, to name: String) async throws(HTTPError) -> HTTPUpgrade {
        try request.validate()
        var request = request
        request.headers += [("Connection", "Upgrade"), ("Upgrade", name)]
        let asked = request
        let result: Result<HTTPUpgrade, HTTPError> = await withCheckedContinuation { continuation in
            // Connecting blocks, and so has a thread of its own, however many are asked for at once.
            Thread.start(name: "http-upgrade") {
                do throws(HTTPError) {
                    continuation.resume(returning: .success(try Self.negotiate(asked)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    private static func negotiate(_ request: HTTPRequest) throws(HTTPError) -> HTTPUpgrade {
        let deadline = ContinuousClock.now + request.timeout
        let connection = try RawConnection(request)
        do throws(HTTPError) {
            try connection.send(UpgradeHead.request(request), until: deadline)
            var head = UpgradeHead()
            while true {
                guard let piece = try connection.receive(until: deadline) else {
                    throw HTTPError(
                        .connectionLost, "the connection ended within the answer's head", url: connection.url)
                }
                if let response = try head.add(piece, url: connection.url) {
                    return try conclude(response, head, connection, deadline)
                }
            }
        } catch {
            connection.close()
            throw error
        }
    }

    private static func conclude(
        _ response: HTTPResponse, _ head: UpgradeHead, _ connection: RawConnection,
        _ deadline: ContinuousClock.Instant
    ) throws(HTTPError) -> HTTPUpgrade {
        guard response.status == 101 else {
            var response = response
            let wanted = min(
                response.header("Content-Length").flatMap { Int($0) } ?? UpgradeHead.limitInBytes,
                UpgradeHead.limitInBytes)
            response.body = head.rest
            while response.body.count < wanted {
                // The status says enough; its text is a courtesy.
                guard let piece = try? connection.receive(until: deadline) else { break }
                response.body += piece
            }
            response.body = Array(response.body.prefix(max(0, wanted)))
            connection.close()
            return .refused(response)
        }
        do throws(ByteChannelError) {
            return .switched(response, try ByteChannel(connection, first: head.rest, name: "http-stream"))
        } catch {
            throw HTTPError(.exhausted, error.message, url: connection.url)
        }
    }
}

/// A connection of libcurl's for bytes as they are.
///
/// Unchecked, and safe: it is used by the thread that negotiates, and after that by the channel's thread alone.
@safe private final class RawConnection: ByteTransport, @unchecked Sendable {  // safe: see above
    private let handle: EasyHandle
    let descriptor: Int32
    let url: String
    private let isPlain: Bool

    init(_ request: HTTPRequest) throws(HTTPError) {
        url = HTTPError.presentable(request.url)
        handle = try EasyHandle(url: url)
        isPlain = request.url.prefix(6).lowercased() != "https:"
        try handle.configure(request, connectsOnly: true)
        let limit = max(1, min(request.timeout.nanosecondsSaturating / 1_000_000, 86_400_000))
        unsafe slipway_curl_set_long(handle.pointer, CURLOPT_CONNECTTIMEOUT_MS, Int(limit))
        // There is no upgrade in HTTP/2, so it must not be negotiated.
        unsafe slipway_curl_set_long(handle.pointer, CURLOPT_HTTP_VERSION, 2)
        // A peer that is gone without a word is noticed, and gateways keep what is not silent.
        unsafe slipway_curl_set_long(handle.pointer, CURLOPT_TCP_KEEPALIVE, 1)
        // A connection that may not be used again would be closed at once.
        unsafe slipway_curl_set_long(handle.pointer, CURLOPT_FORBID_REUSE, 0)
        let code = unsafe curl_easy_perform(handle.pointer)
        guard code == CURLE_OK else { throw handle.error(for: code, url: url) }
        descriptor = unsafe slipway_curl_active_socket(handle.pointer)
        guard descriptor >= 0 else {
            throw HTTPError(.connectionLost, "the connection was lost at once", url: url)
        }
    }

    // MARK: Before the switch

    func send(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) throws(HTTPError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch unsafe rest.withUnsafeBytes({ unsafe send($0) }) {
            case .moved(let count): rest = rest.dropFirst(count)
            case .wouldBlock: try wait(Int16(POLLOUT), until: deadline)
            case .ended: throw HTTPError(.connectionLost, "the connection ended", url: url)
            case .failed(let reason): throw HTTPError(.connectionLost, reason, url: url)
            }
        }
    }

    /// `nil` at the end of the connection.
    func receive(until deadline: ContinuousClock.Instant) throws(HTTPError) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            switch unsafe buffer.withUnsafeMutableBytes({ unsafe receive(into: $0) }) {
            case .moved(let count): return Array(buffer.prefix(count))
            case .wouldBlock: try wait(Int16(POLLIN), until: deadline)
            case .ended: return nil
            case .failed(let reason): throw HTTPError(.connectionLost, reason, url: url)
            }
        }
    }

    private func wait(_ events: Int16, until deadline: ContinuousClock.Instant) throws(HTTPError) {
        let left = (deadline - .now).nanosecondsSaturating / 1_000_000
        guard left > 0 else { throw HTTPError(.timeout, "no answer in time", url: url) }
        var ready = pollfd(fd: descriptor, events: events, revents: 0)
        _ = unsafe poll(&ready, 1, Int32(clamping: left))
    }

    // MARK: As a transport

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> TransportProgress {
        var count = 0
        let code = unsafe curl_easy_recv(handle.pointer, buffer.baseAddress, buffer.count, &count)
        switch code {
        case CURLE_OK: return count > 0 ? .moved(count) : .ended
        case CURLE_AGAIN: return .wouldBlock
        default: return .failed(handle.error(for: code, url: url).message)
        }
    }

    func send(_ bytes: UnsafeRawBufferPointer) -> TransportProgress {
        var count = 0
        let code = unsafe curl_easy_send(handle.pointer, bytes.baseAddress, bytes.count, &count)
        switch code {
        case CURLE_OK: return count > 0 ? .moved(count) : .wouldBlock
        case CURLE_AGAIN: return .wouldBlock
        default: return .failed(handle.error(for: code, url: url).message)
        }
    }

    func finishSending() {
        // Below TLS it would look like an attack to the peer.
        if isPlain { _ = shutdown(descriptor, Int32(SHUT_WR)) }
    }

    /// libcurl's handle closes the connection when it goes; this only makes sure that nobody waits for it until then.
    func close() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
}

/// The head of a request for another protocol, and of its answer.
struct UpgradeHead {
    static let limitInBytes = 64 << 10

    private var bytes: [UInt8] = []
    /// What came after the head.
    private(set) var rest: [UInt8] = []

    /// The request, validated before, as it is sent.
    static func request(_ request: HTTPRequest) -> [UInt8] {
        let afterScheme = request.url.firstRange(of: "://").map { request.url[$0.upperBound...] } ?? ""
        let authority = afterScheme.prefix { $0 != "/" && $0 != "?" }
        let target = afterScheme.dropFirst(authority.count)
        var text = "\(request.method) \(target.hasPrefix("/") ? "" : "/")\(target) HTTP/1.1\r\n"
        if !request.headers.contains(where: { $0.0.lowercased() == "host" }) {
            text += "Host: \(authority.split(separator: "@").last ?? authority)\r\n"
        }
        if !request.headers.contains(where: { $0.0.lowercased() == "user-agent" }) {
            text += "User-Agent: slipway\r\n"
        }
        for (name, value) in request.headers { text += "\(name): \(value)\r\n" }
        // Gateways refuse an upgrade with a body, and so none is announced where there is none.
        if let body = request.body { text += "Content-Length: \(body.count)\r\n" }
        return Array((text + "\r\n").utf8) + (request.body ?? [])
    }

    /// The answer without its body, once its head is complete.
    mutating func add(_ piece: [UInt8], url: String) throws(HTTPError) -> HTTPResponse? {
        let from = max(0, bytes.count - 3)
        bytes += piece
        let mark: [UInt8] = [13, 10, 13, 10]
        guard let end = bytes[from...].firstRange(of: mark) else {
            guard bytes.count <= Self.limitInBytes else {
                throw HTTPError(.protocolViolation, "the header is longer than 64 KiB", url: url)
            }
            return nil
        }
        rest = Array(bytes[end.upperBound...])
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines.first?.split(separator: " ", maxSplits: 2) ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]),
            (100...599).contains(status)
        else { throw HTTPError(.protocolViolation, "the status line makes no sense", url: url) }
        var response = HTTPResponse(status: status)
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            response.headers.append((String(line[..<colon]), String(value)))
        }
        return response
    }
}
