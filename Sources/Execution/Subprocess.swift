internal import CLinux
internal import Glibc

/// Runs a program, with a time limit after which it is killed with all its children.
public enum Subprocess {
    public struct Output: Sendable {
        /// The exit code, or 128 plus the signal that ended it.
        public var exitCode: Int32
        public var standardOutput: [UInt8]
        public var standardError: [UInt8]
        /// `true`: the time limit passed and the program was killed.
        public var timedOut: Bool
    }

    public struct Failure: Error, Sendable, CustomStringConvertible {
        public var message: String
        public var description: String { message }
    }

    /// Starts `arguments[0]`, an absolute path, feeds it `input`, and waits for its end. Blocks: use a pool.
    ///
    /// The program gets exactly `environment` and a process group of its own.
    ///
    /// - Parameters:
    ///   - isCancelled: asked every 50 ms; `true` kills the program.
    ///   - outputLimitInBytes: what it prints past this, on each stream, is read and dropped.
    public static func run(
        _ arguments: [String], environment: [String: String], input: [UInt8] = [], timeout: Duration,
        outputLimitInBytes: Int = 1 << 20, isCancelled: @Sendable () -> Bool = { false }
    ) throws(Failure) -> Output {
        let stdin = try Pipe(), stdout = try Pipe(), stderr = try Pipe()
        let child = try spawn(
            arguments, environment: environment, stdin: stdin, stdout: stdout, stderr: stderr)
        stdin.closeReading()
        stdout.closeWriting()
        stderr.closeWriting()
        // A write that blocks until all of a large input is taken would wait for a program that itself waits for
        // its output to be read.
        _ = fcntl(stdin.writing, F_SETFL, O_NONBLOCK)
        return exchange(
            child: child, input: input, stdin: stdin, stdout: stdout, stderr: stderr, timeout: timeout,
            limit: outputLimitInBytes, isCancelled: isCancelled)
    }

    private static func spawn(
        _ arguments: [String], environment: [String: String], stdin: borrowing Pipe, stdout: borrowing Pipe,
        stderr: borrowing Pipe
    ) throws(Failure) -> pid_t {
        guard let program = arguments.first else { throw Failure(message: "no program given") }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, stdin.reading, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, stdout.writing, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, stderr.writing, 2)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        unsafe sigemptyset(&noSignals)
        unsafe posix_spawnattr_setsigmask(&attributes, &noSignals)
        let flags = Int16(POSIX_SPAWN_SETPGROUP) | Int16(POSIX_SPAWN_SETSIGMASK)
        unsafe posix_spawnattr_setflags(&attributes, flags)

        var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var envp =
            unsafe environment.sorted { $0.key < $1.key }.map { unsafe strdup("\($0.key)=\($0.value)") } + [
                nil
            ]
        defer {
            // The formatter cannot cope with a loop marked unsafe.
            unsafe (argv + envp).forEach { unsafe free($0) }
        }
        var child: pid_t = 0
        let code = unsafe posix_spawn(&child, program, &actions, &attributes, &argv, &envp)
        guard code == 0 else {
            throw Failure(message: "cannot start \(program): \(errorText(code))")
        }
        return child
    }

    private static func exchange(
        child: pid_t, input: [UInt8], stdin: borrowing Pipe, stdout: borrowing Pipe, stderr: borrowing Pipe,
        timeout: Duration, limit: Int, isCancelled: @Sendable () -> Bool
    ) -> Output {
        let deadline = ContinuousClock.now + timeout
        var output = Output(exitCode: 0, standardOutput: [], standardError: [], timedOut: false)
        var sent = 0
        var isInputOpen = true, isOutputOpen = true, isErrorOpen = true, isKilled = false
        if input.isEmpty {
            stdin.closeWriting()
            isInputOpen = false
        }
        while isOutputOpen || isErrorOpen {
            if !isKilled, ContinuousClock.now >= deadline || isCancelled() {
                output.timedOut = ContinuousClock.now >= deadline
                isKilled = true
                kill(-child, SIGKILL)
            }
            var polls = [
                pollfd(fd: isOutputOpen ? stdout.reading : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isErrorOpen ? stderr.reading : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isInputOpen ? stdin.writing : -1, events: Int16(POLLOUT), revents: 0)
            ]
            _ = unsafe poll(&polls, 3, 50)
            if polls[0].revents != 0 {
                isOutputOpen = stdout.drain(into: &output.standardOutput, limit: limit)
            }
            if polls[1].revents != 0 { isErrorOpen = stderr.drain(into: &output.standardError, limit: limit) }
            if polls[2].revents != 0 {
                let count = unsafe input[sent...].withUnsafeBytes {
                    unsafe write(stdin.writing, $0.baseAddress, $0.count)
                }
                if count > 0 { sent += count }
                if count < 0 && errno != EAGAIN && errno != EINTR || sent == input.count {
                    stdin.closeWriting()
                    isInputOpen = false
                }
            }
        }
        if isInputOpen { stdin.closeWriting() }
        output.exitCode = reap(child, deadline: deadline, isKilled: isKilled, timedOut: &output.timedOut)
        return output
    }

    /// Waits for the end of a child that has closed its output already.
    private static func reap(
        _ child: pid_t, deadline: ContinuousClock.Instant, isKilled: Bool, timedOut: inout Bool
    ) -> Int32 {
        var status: Int32 = 0
        var isKilled = isKilled
        while true {
            let result = unsafe waitpid(child, &status, WNOHANG)
            if result == child { break }
            if result < 0 && errno != EINTR { return -1 }
            if !isKilled, ContinuousClock.now >= deadline {
                timedOut = true
                isKilled = true
                kill(-child, SIGKILL)
            }
            _ = poll(nil, 0, 2)
        }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}

/// A pipe whose two ends are closed at the latest with it.
private struct Pipe: ~Copyable {
    private final class Ends {
        var reading: Int32 = -1
        var writing: Int32 = -1
    }
    private let ends = Ends()
    var reading: Int32 { ends.reading }
    var writing: Int32 { ends.writing }

    init() throws(Subprocess.Failure) {
        var pair: [Int32] = [-1, -1]
        guard unsafe pipe2(&pair, Int32(O_CLOEXEC)) == 0 else {
            throw Subprocess.Failure(message: "cannot make a pipe: \(errorText(errno))")
        }
        ends.reading = pair[0]
        ends.writing = pair[1]
    }

    deinit {
        if ends.reading >= 0 { close(ends.reading) }
        if ends.writing >= 0 { close(ends.writing) }
    }

    func closeReading() {
        close(ends.reading)
        ends.reading = -1
    }
    func closeWriting() {
        close(ends.writing)
        ends.writing = -1
    }

    /// Reads what is there; `false` at the end.
    func drain(into bytes: inout [UInt8], limit: Int) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe read(reading, &buffer, buffer.count)
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        bytes.append(contentsOf: buffer.prefix(min(count, max(0, limit - bytes.count))))
        return count > 0
    }
}

/// The system's text for an error number.
func errorText(_ code: Int32) -> String {
    unsafe String(cString: strerror(code))
}
