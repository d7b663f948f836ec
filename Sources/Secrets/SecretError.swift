/// Why the value of a secret is not at hand. Never shows a value.
public struct SecretError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What failed and what to do about it.
    public var message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}
