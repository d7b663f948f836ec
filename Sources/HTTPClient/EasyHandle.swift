internal import CCurl
internal import Glibc

/// libcurl's handle of one transfer, with what must live as long as it.
@safe final class EasyHandle {
    /// Not sent between threads: whoever holds the handle is on the loop's thread.
    let pointer: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let url: String

    init(url: String) throws(HTTPError) {
        guard let pointer = unsafe curl_easy_init() else {
            throw HTTPError(.exhausted, "no memory for a transfer", url: url)
        }
        unsafe self.pointer = unsafe pointer
        self.url = url
        unsafe errorText = .allocate(capacity: slipway_curl_error_size)
        unsafe errorText.initialize(repeating: 0, count: slipway_curl_error_size)
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        unsafe curl_slist_free_all(headers)
        unsafe errorText.deallocate()
    }

    func setCallbacks(
        header: slipway_curl_callback, body: slipway_curl_callback, context: UnsafeMutableRawPointer
    ) throws(HTTPError) {
        try unsafe check(slipway_curl_set_callbacks(pointer, header, body, context))
    }

    func configure(_ request: HTTPRequest, connectsOnly: Bool) throws(HTTPError) {
        unsafe try check(slipway_curl_set_error_buffer(pointer, errorText))
        try set(CURLOPT_URL, request.url)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        // The empty string also keeps libcurl from looking into the environment.
        try set(CURLOPT_PROXY, "")
        try set(CURLOPT_NOSIGNAL, 1)
        // A name server that is silent must not hold up the thread when its asker has given up.
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_SSLVERSION, 6)  // CURL_SSLVERSION_TLSv1_2, the lowest that is accepted
        if let file = request.caFile {
            try set(CURLOPT_CAINFO, file)
            unsafe try check(slipway_curl_set_string(pointer, CURLOPT_CAPATH, nil))
        }
        if let socket = request.unixSocket { try set(CURLOPT_UNIX_SOCKET_PATH, socket) }
        // Our own deadlines end a transfer; libcurl's own limit for connecting is not to come before them.
        try set(CURLOPT_CONNECTTIMEOUT, 86_400)
        if request.followsRedirects {
            try set(CURLOPT_FOLLOWLOCATION, 1)
            try set(CURLOPT_MAXREDIRS, 5)
        }
        if !request.reusesConnection || connectsOnly {
            try set(CURLOPT_FRESH_CONNECT, 1)
            try set(CURLOPT_FORBID_REUSE, 1)
        }
        guard !connectsOnly else {
            try set(CURLOPT_CONNECT_ONLY, 1)
            return
        }
        switch request.protocolVersion {
        case .automatic: try set(CURLOPT_HTTP_VERSION, request.url.lowercased().hasPrefix("https") ? 4 : 2)
        case .http2PriorKnowledge: try set(CURLOPT_HTTP_VERSION, 5)
        }
        try setMethod(request)
        try setHeaders(request)
    }

    private func setMethod(_ request: HTTPRequest) throws(HTTPError) {
        if let body = request.body {
            let code = unsafe body.withUnsafeBytes { bytes in
                // A null pointer would switch copying off; an empty body has no address of its own.
                unsafe slipway_curl_set_body(
                    pointer, bytes.baseAddress ?? UnsafeRawPointer(errorText), bytes.count)
            }
            try check(code)
            try set(CURLOPT_POST, 1)
        } else if request.method == "HEAD" {
            try set(CURLOPT_NOBODY, 1)
        } else if request.method == "POST" {
            unsafe try check(slipway_curl_set_body(pointer, UnsafeRawPointer(errorText), 0))
            try set(CURLOPT_POST, 1)
        } else {
            try set(CURLOPT_HTTPGET, 1)
        }
        let implied =
            request.body != nil
            ? "POST" : (["HEAD", "POST"].contains(request.method) ? request.method : "GET")
        if implied != request.method { try set(CURLOPT_CUSTOMREQUEST, request.method) }
    }

    private func setHeaders(_ request: HTTPRequest) throws(HTTPError) {
        // A name with nothing behind the colon takes libcurl's own header of that name away.
        var lines = ["Expect:"]
        let names = Set(request.headers.map { $0.0.lowercased() })
        if !names.contains("content-type") { lines.append("Content-Type:") }
        if !names.contains("user-agent") { lines.append("User-Agent: slipway") }
        lines += request.headers.map { $0.1.isEmpty ? "\($0.0);" : "\($0.0): \($0.1)" }
        for line in lines {
            guard let list = unsafe curl_slist_append(headers, line) else {
                throw HTTPError(.exhausted, "no memory for a header", url: url)
            }
            unsafe headers = list
        }
        unsafe try check(slipway_curl_set_headers(pointer, headers))
    }

    func unpause() {
        // A transfer that ended meanwhile reports so by itself.
        _ = unsafe curl_easy_pause(pointer, CURLPAUSE_CONT)
    }

    func error(for code: CURLcode, url: String) -> HTTPError {
        var number: Int = 0
        unsafe slipway_curl_get_long(pointer, CURLINFO_OS_ERRNO, &number)
        let systemCode = Int32(truncatingIfNeeded: number)
        let detail = unsafe String(cString: errorText)
        let text = unsafe detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        if [EMFILE, ENFILE, ENOMEM, ENOBUFS, EADDRNOTAVAIL].contains(systemCode) {
            return unsafe HTTPError(
                .exhausted, String(cString: strerror(systemCode)).lowercasedFirst, url: url)
        }
        switch code {
        case CURLE_COULDNT_CONNECT where systemCode != 0 && systemCode != EINPROGRESS:
            return unsafe HTTPError(
                .unreachable, String(cString: strerror(systemCode)).lowercasedFirst, url: url)
        default:
            return HTTPError(code.kind, text.lowercasedFirst, url: url)
        }
    }

    private func set(_ option: CURLoption, _ value: Int) throws(HTTPError) {
        try check(unsafe slipway_curl_set_long(pointer, option, value))
    }
    private func set(_ option: CURLoption, _ value: String) throws(HTTPError) {
        try check(unsafe slipway_curl_set_string(pointer, option, value))
    }
    private func check(_ code: CURLcode) throws(HTTPError) {
        guard code != CURLE_OK else { return }
        let text = unsafe String(cString: curl_easy_strerror(code))
        throw HTTPError(.invalidRequest, "the request cannot be made: \(text.lowercasedFirst)", url: url)
    }
}

extension CURLcode {
    /// What kind of failure libcurl's verdict is to us.
    fileprivate var kind: HTTPError.Code {
        switch self {
        // `CURLE_UNSUPPORTED_PROTOCOL`, below, is an answer that is not HTTP: other schemes are refused before.
        case CURLE_URL_MALFORMAT: .invalidRequest
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT: .unreachable
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_FILESIZE_EXCEEDED: .tooLarge
        case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT: .exhausted
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CIPHER, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT, CURLE_SSL_ENGINE_NOTFOUND,
            CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_SHUTDOWN_FAILED,
            CURLE_SSL_CRL_BADFILE,
            CURLE_USE_SSL_FAILED:
            .tls
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE: .connectionLost
        default: .protocolViolation
        }
    }
}

extension String {
    /// The same text with a small letter in front, as the middle of a sentence has it.
    var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
