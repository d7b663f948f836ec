import Model
import Ports

/// Follows what the controller asks of the edge: how things were just before, and how they are just after.
struct RouteWatch {
    struct Change {
        var before: Route
        /// `nil`: the route was taken away.
        var after: Route?
    }

    private(set) var known: [RouteKey: ObservedRoute] = [:]

    /// - Returns: the change, where the happening has made one to a route that was there.
    mutating func observe(_ happening: Happening, in world: WorldTruth) -> Change? {
        defer { known = world.routes }
        guard case .routed(let action, .acted) = happening else { return nil }
        switch action {
        case .route(let route):
            return known[route.key].map { Change(before: $0.route, after: world.routes[route.key]?.route) }
        case .unroute(let key):
            return known[key].map { Change(before: $0.route, after: world.routes[key]?.route) }
        case .prepare, .launch, .start, .stop, .restart, .remove, .repair, .removeNetwork, .createJob,
            .startJob, .discardJob:
            return nil
        }
    }
}

extension Route {
    /// Who is in it, for people: `a1 a2 b1 draining; v1 75 %`.
    var outline: String {
        let names = targets.map { $0.isDraining ? "\($0.name) draining" : $0.name }
        let shares = (split ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key) \($0.value) %" }
        return names.joined(separator: " ") + (shares.isEmpty ? "" : "; " + shares.joined(separator: " "))
    }
}
