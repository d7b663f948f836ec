internal import CCurl
internal import Glibc

/// What the loop is asked to do, as the asking task hands it over.
struct TransferOrder: Sendable {
    enum Kind: Sendable {
        case whole(CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>)
        case stream(CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>, BodyQueue)
        case connect(CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>)
    }
    var id: UInt64
    var request: HTTPRequest
    var kind: Kind

    var continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never> {
        switch kind {
        case .whole(let continuation), .stream(let continuation, _), .connect(let continuation): continuation
        }
    }
}

/// One exchange. Lives on the loop's thread only, and calls back its asker exactly once.
final class Transfer {
    let order: TransferOrder
    let handle: EasyHandle
    private var response = HTTPResponse(status: 0)
    private var headInBytes = 0
    private var isHeadComplete = false
    private var isAnswered = false
    private(set) var isPaused = false
    /// Why our own callback stopped the transfer.
    private var refusal: HTTPError?
    /// In nanoseconds of the boot clock.
    private var deadline: Int64?
    private var lastActivity: Int64

    private static let headLimitInBytes = 256 << 10

    init(_ order: TransferOrder, now: Int64) throws(HTTPError) {
        self.order = order
        handle = try EasyHandle(url: HTTPError.presentable(order.request.url))
        let (sum, overflow) = now.addingReportingOverflow(order.request.timeout.nanosecondsSaturating)
        deadline = overflow ? nil : sum
        lastActivity = now
        if case .connect = order.kind {
            try handle.configure(order.request, connectsOnly: true)
        } else {
            try handle.configure(order.request, connectsOnly: false)
        }
        try unsafe handle.setCallbacks(
            header: receiveHeader, body: receiveBody, context: Unmanaged.passUnretained(self).toOpaque())
    }

    private var url: String { HTTPError.presentable(order.request.url) }

    /// The time at which the transfer must be looked at again; `nil`: never.
    var nextDeadline: Int64? {
        guard let idle = order.request.idleTimeout, !isPaused else { return deadline }
        let (sum, overflow) = lastActivity.addingReportingOverflow(idle.nanosecondsSaturating)
        guard !overflow else { return deadline }
        return min(sum, deadline ?? sum)
    }

    /// The error if the transfer has taken too long.
    func overdue(at now: Int64) -> HTTPError? {
        if let deadline, now >= deadline {
            return HTTPError(.timeout, "no answer within \(order.request.timeout.presentable)", url: url)
        }
        if let next = nextDeadline, now >= next, let idle = order.request.idleTimeout {
            return HTTPError(.timeout, "silent for \(idle.presentable)", url: url)
        }
        return nil
    }

    func unpause(now: Int64) {
        isPaused = false
        lastActivity = now
        handle.unpause()
    }

    /// Tells the asker how it ended.
    func finish(_ failure: HTTPError?) {
        switch order.kind {
        case .whole(let continuation), .connect(let continuation):
            guard !isAnswered else { return }
            isAnswered = true
            if let failure {
                continuation.resume(returning: .failure(failure))
            } else {
                continuation.resume(returning: .success(response))
            }
        case .stream(let continuation, let queue):
            if !isAnswered {
                isAnswered = true
                if let failure {
                    continuation.resume(returning: .failure(failure))
                } else {
                    continuation.resume(returning: .success(response))
                }
            }
            queue.finish(failure)
        }
    }

    /// The error for libcurl's own verdict; `nil` for success.
    func error(for code: CURLcode) -> HTTPError? {
        guard code != CURLE_OK else {
            if case .connect = order.kind { return nil }
            // libcurl takes the end of a connection for the end of an answer, even inside the head.
            return isHeadComplete
                ? nil : HTTPError(.connectionLost, "the answer ended within its head", url: url)
        }
        return refusal ?? handle.error(for: code, url: url)
    }

    // MARK: Callbacks

    fileprivate func header(_ line: [UInt8], now: Int64) -> Bool {
        lastActivity = now
        headInBytes += line.count
        guard headInBytes <= Self.headLimitInBytes else {
            refusal = HTTPError(.protocolViolation, "the header is longer than 256 KiB", url: url)
            return false
        }
        let text = String(decoding: line, as: UTF8.self).trimmedOfLineEnd
        if text.hasPrefix("HTTP/") {
            // A further head: after an interim answer or a redirect.
            let status = text.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) }
            guard let status, (100...599).contains(status) else {
                refusal = HTTPError(.protocolViolation, "the status line makes no sense", url: url)
                return false
            }
            response = HTTPResponse(status: status)
            isHeadComplete = false
        } else if text.isEmpty {
            completeHead()
        } else if let colon = text.firstIndex(of: ":") {
            let name = String(text[..<colon])
            let value = String(text[text.index(after: colon)...].trimmedOfBlanks)
            if isHeadComplete {
                response.trailers.append((name, value))
            } else {
                response.headers.append((name, value))
            }
        }
        return true
    }

    private func completeHead() {
        guard !isHeadComplete, response.status >= 200 else { return }
        if order.request.followsRedirects, (300...399).contains(response.status),
            response.header("Location") != nil
        {
            return
        }
        isHeadComplete = true
        if case .stream(let continuation, _) = order.kind, !isAnswered {
            isAnswered = true
            deadline = nil
            continuation.resume(returning: .success(response))
        }
    }

    /// How many bytes were taken; other than `bytes.count` ends or pauses the transfer.
    fileprivate func body(_ bytes: [UInt8], now: Int64) -> Int {
        lastActivity = now
        switch order.kind {
        case .connect:
            return bytes.count
        case .whole:
            // The body of a redirect that is followed is nobody's.
            guard isHeadComplete else { return bytes.count }
            guard bytes.count <= order.request.bodyLimitInBytes - response.body.count else {
                let limit = order.request.bodyLimitInBytes
                refusal = HTTPError(.tooLarge, "the answer is longer than \(limit) bytes", url: url)
                return 0
            }
            response.body.append(contentsOf: bytes)
            return bytes.count
        case .stream(_, let queue):
            guard isHeadComplete else { return bytes.count }
            if queue.offer(bytes) { return bytes.count }
            isPaused = true
            return Int(slipway_curl_write_pause)
        }
    }
}

private func receiveHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    let line = unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: size * count))
    return transfer.header(line, now: CurlLoop.now()) ? line.count : 0
}

private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    let piece = unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: size * count))
    return transfer.body(piece, now: CurlLoop.now())
}

extension StringProtocol {
    fileprivate var trimmedOfLineEnd: String {
        var text = String(self)
        // "\r\n" is one character to Swift.
        while let last = text.last, last == "\r\n" || last == "\n" || last == "\r" { text.removeLast() }
        return text
    }
    fileprivate var trimmedOfBlanks: SubSequence {
        var text = self[...]
        while let first = text.first, first == " " || first == "\t" { text = text.dropFirst() }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return text
    }
}

extension Duration {
    /// Saturates at about 292 years.
    var nanosecondsSaturating: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
    /// `5s`, `250ms`, `1m30s`.
    var presentable: String {
        let milliseconds = nanosecondsSaturating / 1_000_000
        if milliseconds < 1_000 || milliseconds % 1_000 != 0 && milliseconds < 60_000 {
            return "\(milliseconds)ms"
        }
        let seconds = milliseconds / 1_000
        if seconds < 60 { return "\(seconds)s" }
        return seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds / 60)m\(seconds % 60)s"
    }
}
