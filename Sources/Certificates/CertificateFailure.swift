/// Why something about a certificate did not work.
struct CertificateFailure: Error, Hashable, Sendable {
    enum Blame: Hashable, Sendable {
        /// This machine or its configuration: trying again costs nobody else anything.
        case machine
        /// The authority was asked. What it counts against the account, the keeper counts too.
        case authority
        /// The authority asks for a pause; until when, in seconds since 1970, if it says so.
        case limit(until: Int64?)
    }
    var blame: Blame
    /// What failed and what to do about it.
    var message: String

    init(_ blame: Blame, _ message: String) {
        self.blame = blame
        self.message = message
    }

    init(_ message: String) { self.init(.machine, message) }
}
