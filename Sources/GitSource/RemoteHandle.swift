internal import CGit2
internal import Glibc

/// A connection to a remote, without a name or settings in the mirror's configuration.
@safe
struct RemoteHandle: ~Copyable {
    private let remote: OpaquePointer
    private let monitor: FetchMonitor

    init(url: String, in repository: borrowing RepositoryHandle, monitor: FetchMonitor) throws(GitError) {
        var pointer: OpaquePointer?
        try unsafe repository.withPointer { repository throws(GitError) in
            try check(
                "git_remote_create_anonymous", unsafe git_remote_create_anonymous(&pointer, repository, url))
        }
        guard let pointer = unsafe pointer else {
            throw GitError(call: "git_remote_create_anonymous", code: -1, category: 0, text: "no remote")
        }
        unsafe remote = pointer
        self.monitor = monitor
    }

    deinit {
        unsafe git_remote_disconnect(remote)
        unsafe git_remote_free(remote)
    }

    enum Direction { case fetching, pushing }

    func connect(for direction: Direction = .fetching) throws(GitError) {
        var options = unsafe git_remote_connect_options()
        try check("git_remote_connect_options_init", unsafe git_remote_connect_options_init(&options, 1))
        unsafe options.callbacks = try callbacks()
        unsafe options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        let wire = direction == .fetching ? GIT_DIRECTION_FETCH : GIT_DIRECTION_PUSH
        try check("git_remote_connect_ext", unsafe git_remote_connect_ext(remote, wire, &options))
    }

    /// The remote's references and where they point.
    func heads() throws(GitError) -> [String: ObjectID] {
        var list: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
        var count = 0
        try check("git_remote_ls", unsafe git_remote_ls(&list, &count, remote))
        var heads: [String: ObjectID] = [:]
        for index in 0..<count {
            guard let head = unsafe list?[index], let name = unsafe head.pointee.name else { continue }
            heads[unsafe String(cString: name)] = ObjectID(unsafe head.pointee.oid)
        }
        return heads
    }

    func disconnect() throws(GitError) {
        try check("git_remote_disconnect", unsafe git_remote_disconnect(remote))
    }

    /// Brings the objects that `specifications` need; writes no reference.
    func download(_ specifications: [String]) throws(GitError) {
        var options = unsafe git_fetch_options()
        try check("git_fetch_options_init", unsafe git_fetch_options_init(&options, 1))
        unsafe options.callbacks = try callbacks()
        unsafe options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        unsafe options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
        let code = unsafe withStringArray(specifications) { list in
            unsafe git_remote_download(remote, &list, &options)
        }
        try check("git_remote_download", code)
    }

    /// Sends what `specification` needs and asks the remote to move its reference. What the remote says to that is with
    /// the monitor: no error here means that it has answered.
    func upload(_ specification: String) throws(GitError) {
        var options = unsafe git_push_options()
        try check("git_push_options_init", unsafe git_push_options_init(&options, 1))
        unsafe options.callbacks = try callbacks()
        unsafe options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        let code = unsafe withStringArray([specification]) { list in
            unsafe git_remote_upload(remote, &list, &options)
        }
        try check("git_remote_upload", code)
    }

    /// The monitor is lent to libgit2 for as long as this handle lives, which holds it.
    private func callbacks() throws(GitError) -> git_remote_callbacks {
        var callbacks = unsafe git_remote_callbacks()
        try check("git_remote_init_callbacks", unsafe git_remote_init_callbacks(&callbacks, 1))
        unsafe callbacks.payload = Unmanaged.passUnretained(monitor).toOpaque()
        unsafe callbacks.credentials = offerCredentials
        unsafe callbacks.certificate_check = checkCertificate
        unsafe callbacks.transfer_progress = noteProgress
        unsafe callbacks.push_update_reference = noteAnswer
        return unsafe callbacks
    }
}

private func monitor(_ payload: UnsafeMutableRawPointer?) -> FetchMonitor? {
    unsafe payload.map { unsafe Unmanaged<FetchMonitor>.fromOpaque($0).takeUnretainedValue() }
}

private func offerCredentials(
    _ target: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, _ url: UnsafePointer<CChar>?,
    _ user: UnsafePointer<CChar>?,
    _ allowed: UInt32, _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    guard let monitor = unsafe monitor(payload), let target = unsafe target else { return GIT_EAUTH.rawValue }
    return unsafe monitor.offer(target, user: user.map { unsafe String(cString: $0) }, allowed: allowed)
}

private func checkCertificate(
    _ certificate: UnsafeMutablePointer<git_cert>?, _ isValid: Int32, _ host: UnsafePointer<CChar>?,
    _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    guard let monitor = unsafe monitor(payload), let host = unsafe host else {
        return GIT_ECERTIFICATE.rawValue
    }
    let isAccepted = unsafe monitor.accept(certificate, isValid: isValid != 0, host: String(cString: host))
    return isAccepted ? 0 : GIT_ECERTIFICATE.rawValue
}

private func noteProgress(
    _ progress: UnsafePointer<git_indexer_progress>?, _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    guard let monitor = unsafe monitor(payload), let progress = unsafe progress else { return -1 }
    return unsafe monitor.progress(progress.pointee.received_bytes) ? 0 : -1
}

private func noteAnswer(
    _ reference: UnsafePointer<CChar>?, _ status: UnsafePointer<CChar>?, _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    guard let monitor = unsafe monitor(payload) else { return -1 }
    unsafe monitor.noteAnswer(refusal: status.map { unsafe String(cString: $0) })
    return 0
}

/// Lends strings to libgit2 for one call.
private func withStringArray(_ texts: [String], _ body: (inout git_strarray) -> Int32) -> Int32 {
    var copies: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { unsafe strdup($0) }
    defer { unsafe copies.forEach { unsafe free($0) } }
    return unsafe copies.withUnsafeMutableBufferPointer { buffer in
        var list = unsafe git_strarray(strings: buffer.baseAddress, count: buffer.count)
        return unsafe body(&list)
    }
}
