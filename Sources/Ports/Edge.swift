public import Model

/// The reverse proxy in front of the apps. It runs outside the controller, which tells it who gets the requests.
///
/// Every call has a deadline of its own inside the adapter; every effect is idempotent. What `apply` was told counts
/// as done only when `observe` has shown it.
public protocol Edge: Sendable {
    /// All routes of this installation as they are now, with what was counted of them.
    func observe() async throws(EdgeError) -> [RouteKey: ObservedRoute]
    /// Makes the edge do what `route` says for that process, whatever it did before.
    func apply(_ route: Route) async throws(EdgeError)
    /// Takes the route of a process away; one that is gone counts as removed.
    func remove(_ key: RouteKey) async throws(EdgeError)
    /// How the edge itself and its certificates are.
    func report() async -> EdgeReport
}

extension Edge {
    public func report() async -> EdgeReport { EdgeReport() }
}

/// Why an edge did not do what it was asked to.
public struct EdgeError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case unreachable, timeout
        /// The edge refuses the configuration that follows from the route.
        case refused
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
