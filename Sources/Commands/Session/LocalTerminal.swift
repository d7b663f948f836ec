internal import Glibc
internal import Model

/// The descriptors of this side of a session: what is typed, and where the command's output goes.
public struct LocalTerminal: Sendable {
    /// 0, 1 and 2 by default.
    public var input: Int32
    public var output: Int32
    public var error: Int32

    public init(input: Int32 = 0, output: Int32 = 1, error: Int32 = 2) {
        self.input = input
        self.output = output
        self.error = error
    }

    var isInputTerminal: Bool { isatty(input) == 1 }
    var isOutputTerminal: Bool { isatty(output) == 1 }

    /// Of the window; `nil` where there is none.
    var size: TerminalSize? {
        for descriptor in [output, input] {
            var size = winsize()
            if unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 {
                return TerminalSize(columns: size.ws_col, rows: size.ws_row)
            }
        }
        return nil
    }

    /// Writes all of it, and blocks meanwhile; `false` where nobody takes it any more.
    func put(_ bytes: [UInt8], toError: Bool) -> Bool {
        let descriptor = toError ? error : output
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Somebody who shares it has made it so that it does not wait.
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&ready, 1, 1_000)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}

/// A terminal that passes every key on as it is. It is put back when this goes, at the latest.
final class RawTerminal: Sendable {
    private let descriptor: Int32
    private let before: termios

    /// `nil` where the descriptor is no terminal.
    init?(_ descriptor: Int32) {
        var settings = termios()
        guard unsafe tcgetattr(descriptor, &settings) == 0 else { return nil }
        self.descriptor = descriptor
        before = settings
        unsafe cfmakeraw(&settings)
        guard unsafe tcsetattr(descriptor, TCSADRAIN, &settings) == 0 else { return nil }
    }

    deinit { restore() }

    /// As it was before. May be called often.
    func restore() {
        var settings = before
        _ = unsafe tcsetattr(descriptor, TCSADRAIN, &settings)
    }
}
