internal import CGit2

/// What libgit2 said when a call failed.
struct GitError: Error {
    /// The function that failed, such as `git_remote_download`.
    var call: String
    var code: Int32
    /// libgit2's error class.
    var category: UInt32
    var text: String

    var isNotFound: Bool { code == GIT_ENOTFOUND.rawValue }
}

/// Throws what libgit2 reports for `call` if `code` is negative.
///
/// The text is kept per thread by libgit2 and is read at once.
func check(_ call: String, _ code: Int32) throws(GitError) {
    guard code < 0 else { return }
    guard let last = unsafe git_error_last() else {
        throw GitError(call: call, code: code, category: 0, text: "code \(code)")
    }
    let category = unsafe UInt32(bitPattern: last.pointee.klass)
    let text = unsafe last.pointee.message.map { unsafe String(cString: $0) } ?? "code \(code)"
    throw GitError(call: call, code: code, category: category, text: Text.printable(text, limit: 500))
}

/// The library's state, set up once per process.
enum LibGit2 {
    /// Starts the library. No configuration of the machine or of a user is ever read.
    static func start() throws(GitError) {
        try setup.get()
    }

    private static let setup: Result<Void, GitError> = Result { () throws(GitError) in
        try check("git_libgit2_init", git_libgit2_init())
        let levels = [
            GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
            GIT_CONFIG_LEVEL_GLOBAL
        ]
        for level in levels {
            try check("GIT_OPT_SET_SEARCH_PATH", unsafe slipway_git_set_search_path(level.rawValue, ""))
        }
        try check("GIT_OPT_SET_CACHE_MAX_SIZE", slipway_git_set_cache_size(16 << 20))
    }
}
