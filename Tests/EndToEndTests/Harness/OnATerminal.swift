/// The command line on a terminal of its own, as a person has it.
enum OnATerminal {
    /// Runs a program on a terminal of 100 × 30 and answers what it shows: lines of `expect TEXT`, `type TEXT` and
    /// `size COLUMNS ROWS`. Prints what was shown and whether the terminal is as before, and ends with its code.
    private static let program = #"""
        import fcntl, json, os, pty, select, struct, sys, termios, time
        outer, inner = pty.openpty()
        def size(columns, rows):
            fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        size(100, 30)
        before = termios.tcgetattr(inner)
        child = os.fork()
        if child == 0:
            os.setsid()
            fcntl.ioctl(inner, termios.TIOCSCTTY, 0)
            for descriptor in range(3): os.dup2(inner, descriptor)
            os.execvp(sys.argv[2], sys.argv[2:])
        seen, mark, deadline = b"", 0, time.monotonic() + 40
        def more():
            global seen
            if select.select([outer], [], [], 0.1)[0]: seen += os.read(outer, 65536)
            if time.monotonic() > deadline:
                sys.stdout.buffer.write(seen + b"\nTIMED OUT\n"); sys.exit(99)
        for step in json.loads(sys.argv[1]):
            word, rest = step[0], step[1:]
            if word == "type": os.write(outer, rest[0].encode())
            elif word == "size": size(*rest)
            else:
                while rest[0].encode() not in seen[mark:]: more()
                mark = seen.index(rest[0].encode(), mark) + len(rest[0])
        while True:
            done, status = os.waitpid(child, os.WNOHANG)
            if done: break
            more()
        while select.select([outer], [], [], 0)[0]: seen += os.read(outer, 65536)
        sys.stdout.buffer.write(seen)
        print("\nSAME" if termios.tcgetattr(inner) == before else "\nCHANGED")
        sys.exit(os.waitstatus_to_exitcode(status) % 256)
        """#

    /// - Parameter steps: JSON: what is waited for, typed and changed, in this order.
    static func slipway(_ world: World, _ steps: String, _ arguments: [String]) async throws -> Shell.Output {
        try await Shell.run(
            ["python3", "-c", program, steps, world.settings.programs + "/slipway", "--socket", world.socket]
                + arguments)
    }
}
