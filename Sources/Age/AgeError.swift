/// Why something of age's could not be read or made. Never shows key material or plaintext.
public struct AgeError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The armor, or what should be armor, is malformed.
        case armor
        /// The header is malformed.
        case header
        /// None of the keys opens it.
        case noMatch
        /// The header was changed after it was made.
        case headerChanged
        /// The payload was changed, cut or lengthened.
        case payload
        /// A key that cannot be read.
        case key
        /// Larger than what is taken.
        case tooLarge
        /// A form that is known and not taken, such as a passphrase.
        case unsupported
    }

    public var code: Code
    /// What is wrong and what to do about it.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
