internal import CLinux
internal import Glibc

/// The process of `dnsmasq`, which lives without us.
struct NameServerProcess: Sendable {
    let configuration: NameServerConfiguration

    /// Starts it in a session of its own. What it says goes to its log.
    func start() throws(NameServerFailure) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(
            &actions, 1, configuration.output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Nothing of the controller's stays open in it: not its listeners, not its locks.
        unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        // An ignored signal stays ignored in a new program.
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        let newSession: Int32 = 0x80  // POSIX_SPAWN_SETSID, which stands behind _GNU_SOURCE.
        let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | newSession
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        let arguments = [configuration.program, "--conf-file=\(configuration.file)"]
        var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var envp = unsafe [strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), nil]
        defer {
            // The formatter cannot cope with a loop marked unsafe.
            unsafe (argv + envp).forEach { unsafe free($0) }
        }
        var process: pid_t = 0
        let code = unsafe posix_spawn(&process, configuration.program, &actions, &attributes, &argv, &envp)
        guard code == 0 else {
            let text = unsafe String(cString: strerror(code))
            throw NameServerFailure(
                "cannot start \(configuration.program): \(text); install the package dnsmasq-base")
        }
        return process
    }

    /// One that an earlier controller has started, by the file that it has written.
    var found: pid_t? {
        guard let bytes = Files.read(configuration.processFile),
            let process = pid_t(String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)), process > 1,
            isRunning(process)
        else { return nil }
        return process
    }

    /// A number that has come back as another program's is not taken for ours, and neither is what has ended.
    func isRunning(_ process: pid_t) -> Bool {
        // Takes notice of its end if it is a child.
        _ = waitpid(process, nil, WNOHANG)
        guard let bytes = Files.read("/proc/\(process)/cmdline") else { return false }
        let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return words.dropFirst().contains("--conf-file=\(configuration.file)")
    }

    func end(_ process: pid_t, by signal: Int32) { if isRunning(process) { kill(process, signal) } }

    /// Its last complaint; empty if there is none.
    var complaint: String {
        // What cannot be read is not told; that it has ended is told anyhow.
        let text = String(decoding: Files.read(configuration.output) ?? [], as: UTF8.self)
        let line = text.split(separator: "\n").last { !$0.allSatisfy(\.isWhitespace) } ?? ""
        return String(
            line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }.prefix(300).map(
                Character.init))
    }
}
