internal import FoundationEssentials

/// What somebody wants to run in an app's container, and how its streams are joined.
///
/// It goes with the request in the header `Slipway-Order`, as Base64 of JSON: what runs must be known before the
/// connection leaves HTTP, and gateways pass no upgrade with a body.
public struct SessionOrder: Codable, Hashable, Sendable {
    /// The program and its arguments; at least the program.
    public var command: [String]
    /// Whose instance, or whose settings; `nil`: `web`, or the only process.
    public var process: ProcessName?
    /// The instance's name; `nil`: a ready one.
    public var instance: String?
    /// The command gets a terminal; its output and its errors are one stream then.
    public var terminal: Bool
    /// The command's standard input is the caller's; else it is empty.
    public var input: Bool
    /// Of the terminal.
    public var size: TerminalSize?
    /// Of a one-off run: the longest that it may run, 1 to `RunLabel.longestTimeoutInSeconds`.
    public var timeoutInSeconds: Int64?
    /// Of a one-off run: nobody is joined to it.
    public var detached: Bool?

    public init(
        command: [String], process: ProcessName? = nil, instance: String? = nil, terminal: Bool = false,
        input: Bool = false, size: TerminalSize? = nil, timeoutInSeconds: Int64? = nil, detached: Bool? = nil
    ) {
        self.command = command
        self.process = process
        self.instance = instance
        self.terminal = terminal
        self.input = input
        self.size = size
        self.timeoutInSeconds = timeoutInSeconds
        self.detached = detached
    }

    /// The header's name.
    public static let header = "Slipway-Order"
    /// The header of the answer that names the instance.
    public static let instanceHeader = "Slipway-Instance"
    /// What `Upgrade` says.
    public static let protocolName = "slipway-stream"
    /// The longest order, in bytes of JSON: requests have to fit through the gateways on their way.
    public static let limitInBytes = 12 << 10

    /// Why it cannot be carried out as it is; `nil`: it can.
    public var objection: String? {
        guard let program = command.first, !program.isEmpty else { return "there is no command to run" }
        guard command.count <= 1_024 else { return "the command has more than 1024 words" }
        if command.contains(where: { $0.utf8.contains(0) }) {
            return "the command has a zero byte in it, which no program can be given"
        }
        if let seconds = timeoutInSeconds, !(1...RunLabel.longestTimeoutInSeconds).contains(seconds) {
            return "a run may last from 1 second to 30 days"
        }
        if let instance, ContainerID(instance) == nil { return "that is not an instance's name" }
        return nil
    }

    /// What the audit log has of it: the program without its folder. Its arguments may be secrets.
    public var programName: String {
        let name = (command.first ?? "").split(separator: "/").last.map(String.init) ?? ""
        return String(name.prefix(64))
    }

    /// - Throws: `EncodingError` where it cannot be written; it is not looked at whether it is short enough.
    public func headerValue() throws -> String {
        Data(try WireCoding.encode(self)).base64EncodedString()
    }

    /// `nil` for what is no order, or longer than `limitInBytes`.
    public init?(headerValue text: String) {
        guard text.utf8.count <= (Self.limitInBytes + 2) / 3 * 4, let data = Data(base64Encoded: text),
            let order = try? WireCoding.decode(SessionOrder.self, from: [UInt8](data))
        else { return nil }
        self = order
    }
}
