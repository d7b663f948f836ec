internal import CCurl
internal import Execution
internal import Glibc
internal import Ports
internal import Synchronization

/// One request of HTTP, or one mail, over a connection of its own, to an address that the rule permits.
struct TransferOrder: Sendable {
    enum Content: Sendable {
        case post(headers: [String], body: [UInt8])
        case mail(from: String, to: [String], message: [UInt8])
    }
    var url: String
    var content: Content
    var user: String?
    var password: String?
    /// `nil`: the system's.
    var certificateAuthorityFile: String?
    /// For mail: refuse to go on without TLS.
    var requiresTLS = false
    var rule: AddressRule
    var timeoutInMilliseconds = 15_000
}

/// What the other side said.
struct TransferAnswer: Sendable {
    /// Of HTTP, or the last one of SMTP; 0: none.
    var code: Int
    var retryAfterSeconds: Int64?
}

/// Makes transfers on threads of its own. A cancelled task ends its transfer.
public final class NoticeTransport: Sendable {
    private let pool: BlockingPool

    /// - Parameter threads: how many transfers are under way at once.
    public init(threads: Int = 4) {
        _ = Self.isLibraryReady
        pool = BlockingPool(name: "notices", threads: threads)
    }

    /// libcurl asks for one call before all others; further calls do no harm.
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    func perform(_ order: TransferOrder) async throws(NoticeError) -> TransferAnswer {
        let state = TransferState(order)
        let pool = pool
        let result: Result<TransferAnswer, NoticeError> = await withTaskCancellationHandler {
            await pool.run { () -> Result<TransferAnswer, NoticeError> in
                do throws(NoticeError) {
                    return .success(try Transfer(state).run())
                } catch {
                    return .failure(error)
                }
            }
        } onCancel: {
            state.isCancelled.store(true, ordering: .relaxed)
        }
        return try result.get()
    }
}

/// What libcurl's callbacks look at.
final class TransferState: Sendable {
    let order: TransferOrder
    let isCancelled = Atomic<Bool>(false)
    let wasRefused = Atomic<Bool>(false)
    /// How much of a mail has been read.
    let offset = Atomic<Int>(0)
    init(_ order: TransferOrder) { self.order = order }
}

/// libcurl's handle of one transfer with all that must live as long as it, on one thread.
@safe private struct Transfer: ~Copyable {
    private let handle: UnsafeMutableRawPointer
    private let state: TransferState
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var recipients: UnsafeMutablePointer<curl_slist>?

    init(_ state: TransferState) throws(NoticeError) {
        guard let handle = unsafe curl_easy_init() else {
            throw NoticeError(.internal, "no memory for a transfer")
        }
        unsafe self.handle = unsafe handle
        self.state = state
        unsafe headers = nil
        unsafe recipients = nil
    }

    deinit {
        unsafe curl_easy_cleanup(handle)
        unsafe curl_slist_free_all(headers)
        unsafe curl_slist_free_all(recipients)
    }

    consuming func run() throws(NoticeError) -> TransferAnswer {
        try configure()
        // `state` is held by this value until after the transfer.
        let context = unsafe Unmanaged.passUnretained(state).toOpaque()
        guard
            unsafe slipway_curl_set_guard(handle, openSocket, progress, discard, context) == CURLE_OK
        else { throw NoticeError(.internal, "a transfer cannot be set up") }
        if case .mail = state.order.content {
            try check(unsafe slipway_curl_set_upload(handle, readMail, context))
        }
        let code = unsafe curl_easy_perform(handle)
        var answer = 0
        unsafe slipway_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &answer)
        let retryAfter = unsafe slipway_curl_retry_after(handle)
        guard code == CURLE_OK else { throw failure(code, answer) }
        return TransferAnswer(code: answer, retryAfterSeconds: retryAfter > 0 ? retryAfter : nil)
    }

    private mutating func configure() throws(NoticeError) {
        let order = state.order
        try set(CURLOPT_URL, order.url)
        // The empty string also keeps libcurl from looking into the environment.
        try set(CURLOPT_PROXY, "")
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_TIMEOUT_MS, order.timeoutInMilliseconds)
        try set(CURLOPT_SSLVERSION, 6)  // CURL_SSLVERSION_TLSv1_2, the lowest that is accepted
        try set(CURLOPT_USERAGENT, "slipway")
        try set(CURLOPT_NOPROGRESS, 0)
        if let file = order.certificateAuthorityFile {
            try set(CURLOPT_CAINFO, file)
            // Instead of the system's, not beside them.
            try check(unsafe slipway_curl_set_string(handle, CURLOPT_CAPATH, nil))
        }
        if let user = order.user { try set(CURLOPT_USERNAME, user) }
        if let password = order.password { try set(CURLOPT_PASSWORD, password) }
        switch order.content {
        case .post(let lines, let body):
            try set(CURLOPT_PROTOCOLS_STR, "http,https")
            // No waiting for a go-ahead that most servers do not send.
            for line in lines + ["Expect:"] { unsafe headers = curl_slist_append(headers, line) }
            try check(unsafe slipway_curl_set_headers(handle, headers))
            try check(
                unsafe body.withUnsafeBytes { unsafe slipway_curl_set_body(handle, $0.baseAddress, $0.count) }
            )
        case .mail(let from, let to, _):
            try set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
            try set(CURLOPT_MAIL_FROM, "<\(from)>")
            for address in to { unsafe recipients = curl_slist_append(recipients, "<\(address)>") }
            try check(unsafe slipway_curl_set_recipients(handle, recipients))
            // CURLUSESSL_ALL, or CURLUSESSL_TRY.
            try set(CURLOPT_USE_SSL, order.requiresTLS ? 3 : 1)
        }
    }

    private func failure(_ code: CURLcode, _ answer: Int) -> NoticeError {
        let host = Presentable.host(state.order.url)
        if state.wasRefused.load(ordering: .relaxed) {
            return NoticeError(
                .refusedAddress,
                "\(host) leads to an address that notices may not go to; if it is meant, name it in `allow` of the channel"
            )
        }
        switch code {
        case CURLE_OPERATION_TIMEDOUT:
            return NoticeError(
                .timeout, "\(host) did not answer within \(state.order.timeoutInMilliseconds / 1_000) s")
        case CURLE_ABORTED_BY_CALLBACK:
            return NoticeError(.unreachable, "the transfer to \(host) was given up")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE,
            CURLE_USE_SSL_FAILED:
            return NoticeError(
                .tls, "\(host): \(Presentable.curl(code)); check its certificate, or `ca_file`")
        case CURLE_LOGIN_DENIED:
            return NoticeError(.rejected, "\(host) does not take the user and password")
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            return NoticeError(.rejected, "the URL cannot be used; check it")
        default: break
        }
        // SMTP says 4yz for now and 5yz for good.
        if (500..<600).contains(answer) { return NoticeError(.rejected, "\(host) answered \(answer)") }
        if (400..<500).contains(answer) { return NoticeError(.unavailable, "\(host) answered \(answer)") }
        return NoticeError(.unreachable, "\(host): \(Presentable.curl(code))")
    }

    private func set(_ option: CURLoption, _ value: String) throws(NoticeError) {
        try check(unsafe slipway_curl_set_string(handle, option, value))
    }
    private func set(_ option: CURLoption, _ value: Int) throws(NoticeError) {
        try check(unsafe slipway_curl_set_long(handle, option, value))
    }
    private func check(_ code: CURLcode) throws(NoticeError) {
        guard code == CURLE_OK else {
            throw NoticeError(.internal, "a transfer cannot be set up: \(Presentable.curl(code))")
        }
    }
}

/// What may be shown: the host, and neither path nor query, which often are the secret.
enum Presentable {
    static func host(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return "the address" }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.split(separator: "@").last ?? authority
        return String(host.prefix(200))
    }

    static func curl(_ code: CURLcode) -> String {
        guard let text = unsafe curl_easy_strerror(code) else { return "error \(code.rawValue)" }
        return unsafe String(cString: text)
    }
}

private func state(_ context: UnsafeMutableRawPointer?) -> TransferState? {
    guard let context = unsafe context else { return nil }
    return unsafe Unmanaged<TransferState>.fromOpaque(context).takeUnretainedValue()
}

/// Opens a socket to the address that a name has led to, if the rule permits it.
private func openSocket(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype,
    _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let transfer = unsafe state(context), let address = unsafe address else { return -1 }
    let bytes: [UInt8]
    switch unsafe address.pointee.family {
    case AF_INET:
        bytes = unsafe withUnsafeBytes(of: &address.pointee.addr) { unsafe Array($0[4..<8]) }
    case AF_INET6:
        // A sockaddr_in6 is longer than a sockaddr; libcurl keeps room for it.
        bytes = unsafe withUnsafePointer(to: &address.pointee.addr) { pointer in
            let raw = unsafe UnsafeRawPointer(pointer)
            return (8..<24).map { unsafe raw.load(fromByteOffset: $0, as: UInt8.self) }
        }
    default: bytes = []
    }
    guard transfer.order.rule.permits(bytes) else {
        transfer.wasRefused.store(true, ordering: .relaxed)
        return -1
    }
    return unsafe socket(
        address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
        address.pointee.protocol)
}

/// Not 0 ends the transfer.
private func progress(
    _ context: UnsafeMutableRawPointer?, _ a: curl_off_t, _ b: curl_off_t, _ c: curl_off_t, _ d: curl_off_t
) -> Int32 {
    unsafe state(context)?.isCancelled.load(ordering: .relaxed) == true ? 1 : 0
}

/// Nobody reads what a receiver answers, and more than 64 KiB of it ends the transfer.
private func discard(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = unsafe state(context) else { return 0 }
    let (total, overflow) = size.multipliedReportingOverflow(by: count)
    guard !overflow, case .post = transfer.order.content else { return overflow ? 0 : total }
    let seen = transfer.offset.add(total, ordering: .relaxed).newValue
    return seen > 64 << 10 ? 0 : total
}

/// Gives the next part of a mail.
private func readMail(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = unsafe state(context), let buffer = unsafe buffer,
        case .mail(_, _, let message) = transfer.order.content
    else { return 0 }
    let start = transfer.offset.load(ordering: .relaxed)
    let part = message[min(start, message.count)...].prefix(size * count)
    for (index, byte) in part.enumerated() { unsafe buffer[index] = CChar(bitPattern: byte) }
    transfer.offset.store(start + part.count, ordering: .relaxed)
    return part.count
}
