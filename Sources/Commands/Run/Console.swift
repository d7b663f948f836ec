/// What a command writes to and knows of the place it runs in.
public struct Console: Sendable {
    /// The environment's variables.
    public var variables: [String: String]
    /// Whether results go to a terminal: only then is there colour and redrawing.
    public var isTerminal: Bool
    /// Columns of the terminal.
    public var width: Int
    /// Rows of the terminal.
    public var height: Int
    /// Where paths are relative to.
    public var directory: String
    /// Where the streams of commands in instances begin and end.
    public var local = LocalTerminal()
    /// What is typed and edited unseen.
    public var terminal = Terminal.process
    /// Takes results; what is given is complete, line ends included.
    public var write: @Sendable (String) -> Void
    /// Takes complaints, likewise.
    public var complain: @Sendable (String) -> Void

    public init(
        variables: [String: String], isTerminal: Bool, width: Int = 80, height: Int = 24,
        directory: String = ".",
        write: @escaping @Sendable (String) -> Void, complain: @escaping @Sendable (String) -> Void
    ) {
        self.variables = variables
        self.isTerminal = isTerminal
        self.width = width
        self.height = height
        self.directory = directory
        self.write = write
        self.complain = complain
    }

    func style(_ invocation: Invocation) -> TextStyle {
        let noColour =
            invocation.has("no-color") || !(variables["NO_COLOR"] ?? "").isEmpty
            || variables["TERM"] == "dumb"
        return TextStyle(
            isUnicode: hasUnicode, hasColour: isTerminal && !noColour,
            width: isTerminal ? max(20, width) : nil)
    }

    /// As the C library decides: the first of the three that is set names the character set.
    private var hasUnicode: Bool {
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { variables[$0] }.first { !$0.isEmpty } ?? ""
        let name = locale.lowercased()
        return name.contains("utf-8") || name.contains("utf8")
    }
}
