public import Model

/// A command in a container, and the streams to it.
///
/// Input and output are independent: one task writes while another reads. Letting go of it hangs up.
public protocol ContainerSession: AnyObject, Sendable {
    /// Returns when the engine has taken the bytes: a command that does not read holds its writer up.
    ///
    /// - Throws: `EngineError` once nothing is taken any more, as after the command's end.
    func write(_ input: [UInt8]) async throws(EngineError)
    /// The standard input ends after what was written.
    func finishInput() async
    /// Tells the terminal's size; nothing happens where there is none.
    func resize(_ size: TerminalSize) async
    /// The next piece of what the command writes, at most 64 KiB; `nil` when it will write nothing more. It is held
    /// up while nobody reads.
    func read() async throws(EngineError) -> SessionOutput?
    /// How it ended; asked after the end of the output.
    func end() async throws(EngineError) -> SessionEnd
    /// The caller is gone: the connection is closed, and the command told so, as by a terminal that is unplugged.
    func hangUp() async
}

public enum SessionOutput: Sendable, Hashable {
    case output([UInt8])
    case errorOutput([UInt8])
}

public enum SessionEnd: Sendable, Hashable {
    case exited(code: Int)
    /// It did not run: 126 if it is there and cannot be run, 127 if it is not.
    case notStarted(code: Int, reason: String)
    /// It was ended from outside, with a code that says so.
    case cutShort(code: Int, reason: String)
}

/// What a session is about, as an engine sees it.
public struct EngineSessionOrder: Sendable, Hashable {
    /// The program and its arguments.
    public var command: [String]
    public var hasTerminal: Bool
    public var hasInput: Bool
    public var size: TerminalSize?

    public init(command: [String], hasTerminal: Bool, hasInput: Bool, size: TerminalSize? = nil) {
        self.command = command
        self.hasTerminal = hasTerminal
        self.hasInput = hasInput
        self.size = size
    }

    public init(_ order: SessionOrder) {
        self.init(
            command: order.command, hasTerminal: order.terminal, hasInput: order.input, size: order.size)
    }
}

extension Engine {
    /// For engines that join no streams.
    public func openSession(
        _ order: EngineSessionOrder, in id: ContainerID
    ) async throws(EngineError) -> any ContainerSession {
        throw EngineError(.invalid, "this engine runs no commands in instances", call: "exec")
    }
    public func attach(
        _ order: EngineSessionOrder, to id: ContainerID
    ) async throws(EngineError) -> any ContainerSession {
        throw EngineError(.invalid, "this engine joins no streams to containers", call: "attach")
    }
}

/// A session, and in which instance.
public struct OpenedSession: Sendable {
    public var instance: String
    public var session: any ContainerSession
    public init(instance: String, session: any ContainerSession) {
        self.instance = instance
        self.session = session
    }
}
