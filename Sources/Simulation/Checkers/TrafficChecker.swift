import Model
import Ports

/// I5.
///
/// A target that has ceased to be ready may stay in the route for as long as `retries` probes need to notice, and some
/// seconds more to take it out; what the edge itself forgets is not held against anyone.
public struct TrafficChecker: Checker {
    public static let id = "I5"
    public static let rule = """
        Requests go to ready instances only, in shares that add up to 100 %; an instance that is taken away has \
        first left the route, as the edge really has it, and has finished its requests or had its whole \
        `drain_timeout`.
        """

    private var book = ChargeBook()
    private var weather = Weather()
    private var trail = ReadinessTrail()
    private var watch = CallWatch()
    private var routes = RouteWatch()
    /// Since when each target drains, as the edge really has it.
    private var draining: [ContainerID: Instant] = [:]
    /// Told once.
    private var told: Set<ContainerID> = []

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        book.observe(happening)
        weather.observe(happening, in: world)
        let taken = watch.observe(happening, book, in: world)
        let before = routes.known
        _ = routes.observe(happening, in: world)
        trail.observe(happening, in: world)
        var found: [String] = []
        for fallen in taken { found += judge(fallen, in: world) }
        if case .routed(let action, .acted) = happening {
            if case .route(let route) = action { found += judge(route, before[route.key]?.route, in: world) }
            noteDrains(in: world)
        }
        if case .tick = happening, !world.routes.isEmpty { found += judgeStanding(in: world) }
        return found
    }

    // MARK: Routes

    private func judge(_ route: Route, _ before: Route?, in world: WorldTruth) -> [String] {
        var found: [String] = []
        if let split = route.split {
            if split.values.contains(where: { $0 < 0 || $0 > 100 }) || split.values.reduce(0, +) != 100 {
                found.append("\(route.key): shares \(split.values.sorted()) do not add up to 100 %")
            }
            for (release, share) in split where share > 0 {
                guard !route.targets.contains(where: { $0.release == release && !$0.isDraining }) else {
                    continue
                }
                found.append("\(route.key): \(share) % go to \(release), which has no target")
            }
        }
        for target in route.targets where !target.isDraining {
            guard let instance = world.instances[target.container] else {
                if !couldPass(target.container, route.key, in: world) {
                    found.append("\(route.key): \(target.name) takes requests and is not there")
                }
                continue
            }
            if !instance.isOurs {
                found.append("\(route.key): \(target.name) takes requests and is a stranger")
            }
            guard before?.serves(target.container) != true, !instance.isReady else { continue }
            guard !couldPass(target.container, route.key, in: world) else { continue }
            found.append("\(route.key): \(target.name) takes requests from now on and is not ready")
        }
        return found
    }

    /// Somebody who asks at intervals may have seen it ready last.
    private func couldPass(_ id: ContainerID, _ key: RouteKey, in world: WorldTruth) -> Bool {
        guard let last = trail.paths[id]?.lastReady(world.now) else { return false }
        return world.now - last <= blind(key, in: world)
    }

    private func blind(_ key: RouteKey, in world: WorldTruth) -> TimeSpan {
        book.charge(of: key.app, in: world).detection(key.process).and(weather.seeing(at: world.now))
    }

    private mutating func noteDrains(in world: WorldTruth) {
        var seen: [ContainerID: Instant] = [:]
        for observed in world.routes.values {
            for target in observed.route.targets where target.isDraining {
                seen[target.container] = draining[target.container] ?? world.now
            }
        }
        draining = seen
    }

    /// Targets that have long ceased to be ready while others could have taken their requests.
    private mutating func judgeStanding(in world: WorldTruth) -> [String] {
        guard !weather.isFoul(at: world.now), !world.incarnations.isEmpty else { return [] }
        var found: [String] = []
        for (key, observed) in world.routes {
            let serving = observed.route.targets.filter { observed.route.serves($0.container) }
            for target in serving where world.instances[target.container]?.isReady != true {
                guard let path = trail.paths[target.container], let last = path.lastReady(world.now),
                    serving.contains(where: { world.instances[$0.container]?.isReady == true }),
                    world.now - last > blind(key, in: world).and(.seconds(20)),
                    told.insert(target.container).inserted
                else { continue }
                found.append(
                    "\(key): \(target.name) has taken requests for \(world.now - last) without being ready")
            }
        }
        return found
    }

    // MARK: Taking away

    private func judge(_ taken: Takedown, in world: WorldTruth) -> [String] {
        let key = RouteKey(app: taken.labels.app, process: taken.labels.process)
        guard let observed = taken.route,
            let target = observed.route.targets.first(where: { $0.container == taken.id }),
            // It had only just become ready: who decided this had seen it sick.
            let since = taken.healthySince, world.now - since > blind(key, in: world)
        else { return [] }
        let what = "\(key): \(taken.call.action.kind) of \(taken.call.action.object)"
        guard target.isDraining else {
            guard observed.route.serves(taken.id) else { return [] }
            return ["\(what) while it still takes requests"]
        }
        let open = observed.sessions[taken.id] ?? 0
        let charge = book.charge(of: key.app, in: world)
        // Which of the two releases says how long is not promised; no shorter than either.
        let limits = charge.all.compactMap { $0.spec.process(key.process)?.effectiveDrainTimeout }
        let limit = limits.min() ?? .seconds(30)
        guard open > 0, let since = draining[taken.id], world.now - since < limit else { return [] }
        return ["\(what) with \(open) open requests after \(world.now - since) of \(limit)"]
    }
}
