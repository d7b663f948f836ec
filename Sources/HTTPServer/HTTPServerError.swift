/// Why a server could not be started.
public struct HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A configuration that makes no sense: no listener, a path that is too long, a port out of range.
        case invalidConfiguration = "invalid_configuration"
        /// Another process listens there.
        case addressInUse = "address_in_use"
        /// The system refused the socket: permission, missing directory, no such address.
        case cannotListen = "cannot_listen"
        case `internal`
    }
    public var code: Code
    /// What failed and what to do about it.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
