internal import Glibc

extension Console {
    /// The console of this process.
    public static func process() -> Console {
        var size = winsize()
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let answer = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size)
        let hasSize = isTerminal && answer == 0 && size.ws_col > 0
        return Console(
            variables: environment(), isTerminal: isTerminal, width: hasSize ? Int(size.ws_col) : 80,
            height: hasSize ? Int(size.ws_row) : 24,
            write: { put($0, STDOUT_FILENO) }, complain: { put($0, STDERR_FILENO) })
    }

    private static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        for name in [
            "SLIPWAY_SOCKET", "SLIPWAY_SERVER", "SLIPWAY_TOKEN_FILE", "NO_COLOR", "TERM", "LC_ALL",
            "LC_CTYPE", "LANG", "SLIPWAY_IDENTITY", "VISUAL", "EDITOR", "XDG_RUNTIME_DIR"
        ] {
            if let value = unsafe getenv(name) { variables[name] = unsafe String(cString: value) }
        }
        return variables
    }

    /// Writes all of it. A reader that has gone ends the program by SIGPIPE, as it does with every filter; other
    /// errors leave nowhere to report them.
    private static func put(_ text: String, _ descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }
}
