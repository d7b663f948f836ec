internal import CLinux
internal import Execution
internal import Glibc
internal import Ports
internal import Synchronization

/// HAProxy's process, which lives without us.
final class ProxyProcess: Sendable {
    private let layout: EdgeLayout
    private let program: String
    /// What we have started ourselves, until it ended: the kernel tells its parent only.
    private let child = Mutex<pid_t?>(nil)

    init(layout: EdgeLayout, program: String) {
        self.layout = layout
        self.program = program
    }

    /// Starts the master in a session of its own. What it says goes to `run/haproxy.log`.
    ///
    /// - Parameter onEnd: called on a thread of its own when the master has ended.
    func start(onEnd: @escaping @Sendable () -> Void) throws(EdgeError) {
        let arguments = [
            program, "-W", "-S", "\(layout.masterSocket),mode,600", "-f", layout.configuration, "-p",
            layout.processFile
        ]
        let process = try spawn(arguments)
        child.withLock { $0 = process }
        Thread.start(name: "edge-proxy") { [self] in
            var status: Int32 = 0
            while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
            child.withLock { if $0 == process { $0 = nil } }
            onEnd()
        }
    }

    private func spawn(_ arguments: [String]) throws(EdgeError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(
            &actions, 1, layout.output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Nothing of the controller's stays open in it: not its listeners, not its locks.
        unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        unsafe sigemptyset(&noSignals)
        unsafe posix_spawnattr_setsigmask(&attributes, &noSignals)
        // An ignored signal stays ignored in a new program.
        var pipes = sigset_t()
        unsafe sigemptyset(&pipes)
        unsafe sigaddset(&pipes, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &pipes)
        let newSession: Int32 = 0x80  // POSIX_SPAWN_SETSID, which stands behind _GNU_SOURCE.
        let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | newSession
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var envp = unsafe [strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), nil]
        defer {
            // The formatter cannot cope with a loop marked unsafe.
            unsafe (argv + envp).forEach { unsafe free($0) }
        }
        var process: pid_t = 0
        let code = unsafe posix_spawn(&process, program, &actions, &attributes, &argv, &envp)
        guard code == 0 else {
            let text = unsafe String(cString: strerror(code))
            throw EdgeError(.unreachable, "cannot start \(program): \(text); install HAProxy 2.6 or later")
        }
        return process
    }

    /// What we have started has not ended yet.
    var isChildRunning: Bool { child.withLock { $0 != nil } }

    /// The master by its own word, or else by the file that it has written.
    var master: pid_t? {
        if let process = child.withLock({ $0 }) { return process }
        // Without a readable file there is no process to be found by it.
        guard let bytes = try? Files.read(layout.processFile, limitInBytes: 64),
            let process = pid_t(String(decoding: bytes, as: UTF8.self).filter(\.isNumber)), process > 1,
            isOurs(process)
        else { return nil }
        return process
    }

    /// A number that has come back as another program's is not taken for ours.
    private func isOurs(_ process: pid_t) -> Bool {
        guard let bytes = try? Files.read("/proc/\(process)/cmdline", limitInBytes: 65_536) else {
            return false
        }
        return String(decoding: bytes, as: UTF8.self).contains(layout.masterSocket)
    }

    /// Ends it at once, with all sessions, and waits for that, 5 s at most.
    func end() {
        guard let process = master else { return }
        kill(process, SIGTERM)
        for _ in 0..<1_000 {
            if kill(process, 0) != 0 || child.withLock({ $0 }) != process && !isOurs(process) { return }
            _ = poll(nil, 0, 5)
        }
        kill(process, SIGKILL)
    }

    /// Each change at runtime is a line of what it says; it is emptied at a mebibyte.
    func trimOutput() {
        var status = stat()
        guard unsafe stat(layout.output, &status) == 0, status.st_size > 1 << 20 else { return }
        // It is written with `O_APPEND`, so the next line is the first.
        _ = unsafe truncate(layout.output, 0)
    }

    /// The last complaints of HAProxy, without the notices.
    var complaints: String {
        // What cannot be read is not told; the call that failed is told anyhow.
        guard let bytes = try? Files.read(layout.output) else { return "" }
        let lines = String(decoding: bytes.suffix(16_384), as: UTF8.self).split(separator: "\n")
        return lines.filter { $0.hasPrefix("[ALERT]") }.suffix(3).map(Self.message).joined(separator: "; ")
    }

    /// `[ALERT]    (123) : text` without what comes before the text.
    static func message(_ line: Substring) -> String {
        guard let range = line.firstRange(of: ") : ") else { return String(line) }
        return String(line[range.upperBound...])
    }
}
