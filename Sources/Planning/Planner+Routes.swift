import Model

/// The edge's part of a plan: who gets requests, and the order in which an instance leaves.
///
/// An instance that serves is first drained, then taken out of the route, then *seen* out of it, and only then stopped.
extension AppPlanning {
    /// How long instances of the release before are kept after a promotion, for an instant way back.
    static let keepTime = TimeSpan.seconds(60)

    /// The release whose domains count: what is proven, and until something is, what is tried.
    private var routing: Release? { memory.lastGood ?? memory.rollout?.target }

    /// Processes that the edge sends requests to.
    var routedProcesses: [ProcessName] {
        guard input.edge != .none, let routing else { return [] }
        if routed.release?.isIdentical(to: routing) != true {
            routed.release = routing
            routed.processes = routing.spec.processes.filter(\.isRouted).map(\.name)
        }
        return routed.processes
    }

    func isRouted(_ process: ProcessName) -> Bool { routedProcesses.contains(process) }

    /// No release is remembered, and still something of the app is there and has requests: an old or new store, or what
    /// was tried and never proven. Whatever serves goes on serving, and nothing else comes in.
    private var isRoutingUnknown: Bool {
        routing == nil && !(input.instances.isEmpty && input.unseen.isEmpty)
    }

    /// Why nothing can be decided that depends on the edge.
    var edgeProblem: String? {
        guard case .unreachable(let problem, _) = input.edge else { return nil }
        return problem
    }

    /// The edge is away, and something of the app waits for it.
    var isEdgeMissed: Bool {
        guard case .unreachable(_, let lastRead) = input.edge else { return false }
        return lastRead == nil || !routedProcesses.isEmpty
    }

    /// The edge may give requests to the instance, as far as can be told while it is away.
    private func mayBeServed(_ view: InstanceView) -> Bool {
        let process = view.instance.labels.process
        guard case .unreachable(_, let lastRead?) = input.edge, !isRouted(process) else { return true }
        return lastRead[process]?.observed.route.targets.contains { $0.container == view.id } ?? false
    }

    func observedRoute(_ process: ProcessName) -> RouteView? {
        guard case .routes(let routes) = input.edge else { return nil }
        return routes[process]
    }

    /// All that the edge was told is what it does.
    var areRoutesSettled: Bool {
        guard edgeProblem == nil else { return routedProcesses.isEmpty }
        return routedProcesses.allSatisfy { process in
            !busyObjects.contains(routeObject(process))
                && observedRoute(process)?.observed.route == wantedRoute(process)
        }
    }

    private func routeObject(_ process: ProcessName) -> String {
        "route \(RouteKey(app: input.app, process: process))"
    }

    /// Counts of all routed processes together, by release.
    func figures() -> [ReleaseNumber: TrafficFigures] {
        guard case .routes(let routes) = input.edge else { return [:] }
        return routes.values.reduce(into: [:]) { sums, route in
            for (release, figures) in route.observed.figures { sums[release, default: .init()].add(figures) }
        }
    }

    // MARK: Leaving

    /// Takes an instance away; one that gets requests leaves the edge first.
    mutating func remove(_ view: InstanceView) {
        guard leavesEdge(view) else { return }
        perform(.remove(view.id, name: view.name, grace: stopGrace(of: view)))
    }

    mutating func stop(_ view: InstanceView) {
        guard leavesEdge(view) else { return }
        perform(.stop(view.id, name: view.name, grace: stopGrace(of: view)))
    }

    /// Whether the instance is seen to be out of the edge; if not, it is on its way out from now on.
    private mutating func leavesEdge(_ view: InstanceView) -> Bool {
        departing.insert(view.id)
        if isPlanted(.drainSkipped) { return true }
        let process = view.instance.labels.process
        if edgeProblem != nil {
            // One that answers no requests loses none.
            return !view.isTrusted || !mayBeServed(view)
        }
        if observedRoute(process)?.observed.route.targets.contains(where: { $0.container == view.id }) == true
        {
            return false
        }
        // What the edge is being told now may bring it in.
        return !input.inFlight.contains { action in
            guard case .route(let route) = action else { return false }
            return route.targets.contains { $0.container == view.id }
        }
    }

    // MARK: Routes

    /// Tells the edge what follows from what has just been decided.
    mutating func routeAll() {
        guard case .routes(let observed) = input.edge else { return }
        var processes = isRoutingUnknown ? observed.keys.sorted() : routedProcesses
        processes += observed.keys.sorted().filter { !processes.contains($0) && servesAhead($0) }
        for process in processes {
            let wanted = wantedRoute(process)
            if observed[process]?.observed.route != wanted { perform(.route(wanted)) }
            wakeForDrains(process, wanted)
        }
        for process in observed.keys.sorted() where !processes.contains(process) {
            perform(.unroute(RouteKey(app: input.app, process: process)))
        }
    }

    /// The proven release has no domain for the process, and what is on its way serves it all the same: a store from
    /// before a success knows no better. It keeps what it has until that is decided.
    private func servesAhead(_ process: ProcessName) -> Bool {
        guard let rollout = memory.rollout, case .moving = rollout.phase,
            rollout.target.spec.process(process)?.isRouted == true
        else { return false }
        return observedRoute(process)?.observed.route.targets.contains { !$0.isDraining } ?? false
    }

    private mutating func wakeForDrains(_ process: ProcessName, _ wanted: Route) {
        for target in wanted.targets where target.isDraining {
            guard let since = observedRoute(process)?.drainingSince[target.container] else { continue }
            wake(at: since + drainTimeout(process))
        }
    }

    private func drainTimeout(_ process: ProcessName) -> TimeSpan {
        routing?.spec.process(process)?.effectiveDrainTimeout ?? .seconds(30)
    }

    func wantedRoute(_ process: ProcessName) -> Route {
        let present = input.instances.filter { $0.labels.process == process && $0.address != nil }.map {
            view($0)
        }
        .filter { $0.isTrusted || $0.isLive && isPlanted(.unreadyGetsRequests) }
        let staying = present.filter {
            !departing.contains($0.id) && (!isRoutingUnknown || isInRoute($0))
        }
        var serving = staying.filter { isAdmitted($0) }
        let hidden = hiddenTargets(process)
        // Somebody has to answer: one that is not yet proven is better than nobody.
        if serving.isEmpty, hidden.isEmpty { serving = staying }
        let names = Set(serving.map(\.id))
        let leaving = present.filter { !names.contains($0.id) && isStillDraining($0, process) }
        let targets =
            serving.map { target($0, process, isDraining: false) }
            + leaving.map { target($0, process, isDraining: true) } + hidden
        let spec = routing?.spec.process(process)
        let isKnown = !isRoutingUnknown && spec?.isRouted == true
        let known = isKnown ? nil : observedRoute(process)?.observed.route
        let options = known?.options ?? spec?.effectiveEdge ?? EdgeSpec()
        return Route(
            key: RouteKey(app: input.app, process: process),
            domains: known?.domains ?? spec?.effectiveDomains ?? [],
            targets: targets.sorted { $0.name < $1.name }, split: split(serving, hidden, process),
            options: options, trial: known.map(\.trial) ?? trial(process),
            callers: options.effectiveIsInternal ? input.callers : nil)
    }

    /// Targets of which the engine has told nothing since the controller started: they keep what they have, unless
    /// their release has failed.
    private func hiddenTargets(_ process: ProcessName) -> [Route.Target] {
        guard !input.unseen.isEmpty, let route = observedRoute(process)?.observed.route else { return [] }
        let unseen = Set(input.unseen.map(\.id))
        var failed: ReleaseNumber?
        if case .rollingBack = memory.rollout?.phase { failed = memory.rollout?.target.number }
        return route.targets.filter { unseen.contains($0.container) && $0.release != failed }
    }

    /// New instances get requests when they are proven; what has them keeps them while it is ready.
    private func isAdmitted(_ view: InstanceView) -> Bool {
        guard let rollout = memory.rollout, case .moving = rollout.phase, !rollout.isDirect else {
            return true
        }
        let labels = view.instance.labels
        guard memory.lastGood?.templates[labels.process]?.digest != labels.template,
            rollout.target.templates[labels.process]?.digest == labels.template
        else { return true }
        if isInRoute(view) { return true }
        // Proven by the release's own check, as long as the spec says.
        let spec = rollout.target.spec.process(labels.process)
        return self.view(view.instance, spec.map { ProbePolicy($0).question }).isProven(
            now: now, window: rollout.target.spec.deploy.effectiveMinHealthyTime)
    }

    private func isInRoute(_ view: InstanceView) -> Bool {
        observedRoute(view.instance.labels.process)?.observed.route.targets.contains {
            $0.container == view.id && !$0.isDraining
        } ?? false
    }

    /// Has requests to finish, and time for it left.
    private func isStillDraining(_ view: InstanceView, _ process: ProcessName) -> Bool {
        guard let route = observedRoute(process),
            let target = route.observed.route.targets.first(where: { $0.container == view.id })
        else { return false }
        guard target.isDraining, let since = route.drainingSince[view.id] else { return true }
        return (route.observed.sessions[view.id] ?? 0) > 0 && now - since < drainTimeout(process)
    }

    private func target(_ view: InstanceView, _ process: ProcessName, isDraining: Bool) -> Route.Target {
        Route.Target(
            container: view.id, name: view.name, release: view.instance.labels.release,
            address: view.instance.address, port: port(of: view, process), isDraining: isDraining)
    }

    private func port(of view: InstanceView, _ process: ProcessName) -> Int {
        for release in [memory.rollout?.target, memory.lastGood, memory.kept?.release] {
            guard let release, release.templates[process]?.digest == view.instance.labels.template,
                let port = release.spec.process(process)?.port
            else { continue }
            return port
        }
        let observed = observedRoute(process)?.observed.route.targets.first { $0.container == view.id }
        return routing?.spec.process(process)?.port ?? observed?.port ?? 0
    }

    /// Shares by release, where the step gives some and both sides are there to take them.
    private func split(
        _ serving: [InstanceView], _ hidden: [Route.Target], _ process: ProcessName
    ) -> [ReleaseNumber: Int]? {
        // A process that nobody wants any more goes with the success; until then all that is left of it serves.
        guard let share, let rollout = memory.rollout,
            rollout.target.spec.process(process)?.effectiveReplicas ?? 0 > 0
        else { return nil }
        let targetTemplate = rollout.target.templates[process]?.digest
        // An instance that both releases share counts for the new one by its template, and there is nothing to split.
        let hiddenReleases = hidden.filter { !$0.isDraining }.map(\.release)
        let releases = Set(serving.map(\.instance.labels.release)).union(hiddenReleases)
        let new = Set(
            serving.filter { $0.instance.labels.template == targetTemplate }.map(\.instance.labels.release)
        ).union(hiddenReleases.filter { $0 == rollout.target.number })
        let old = releases.subtracting(new)
        guard !new.isEmpty, !old.isEmpty else { return nil }
        if share == 0, !isDark(process) { return nil }
        var split: [ReleaseNumber: Int] = [:]
        spread(share, over: new, into: &split)
        spread(isPlanted(.sharesDoNotSum) ? 100 : 100 - share, over: old, into: &split)
        return split
    }

    /// The new release is to get no request of the process yet.
    ///
    /// Not so for a canary whose old instances are too few by themselves: one that is overtaken has taken their place,
    /// and its successor goes on from there.
    func isDark(_ process: ProcessName) -> Bool {
        guard share == 0, let target = memory.rollout?.target, let lastGood = memory.lastGood else {
            return false
        }
        // Blue and green are never mixed, unless green has been given requests before it was overtaken.
        guard target.spec.deploy.effectiveStrategy == .canary || isLit(process, target) else { return true }
        let wants = [target, lastGood].map { $0.spec.process(process)?.effectiveReplicas ?? 0 }
        let capacity = wants.max() ?? 0
        let floor = capacity - Planner.limits(target.spec.deploy, want: capacity).unavailable
        let template = lastGood.templates[process]?.digest
        let old = input.instances.count { instance in
            instance.labels.process == process && instance.labels.template == template
                && !departing.contains(instance.id) && view(instance).isReady
        }
        return old >= floor
    }

    /// How the release that moves in is reached on purpose: known at rest too, so that a rollout changes only who.
    private func trial(_ process: ProcessName) -> Route.Trial? {
        let moving = memory.rollout.flatMap { rollout -> Release? in
            guard case .moving = rollout.phase, memory.lastGood != nil else { return nil }
            return rollout.target
        }
        guard let deploy = (moving ?? routing)?.spec.deploy,
            deploy.canaryMatch != nil || deploy.preview != nil
        else { return nil }
        return Route.Trial(
            match: deploy.canaryMatch, host: deploy.preview,
            release: moving.flatMap { $0.templates[process] == nil ? nil : $0.number })
    }

    /// The edge gives requests to instances of the template that the release has.
    private func isLit(_ process: ProcessName, _ release: Release) -> Bool {
        guard let route = observedRoute(process)?.observed.route else { return false }
        let template = release.templates[process]?.digest
        let mine = Set(input.instances.filter { $0.labels.template == template }.map(\.id))
        return mine.contains(where: route.serves)
    }

    private func spread(
        _ share: Int, over releases: Set<ReleaseNumber>, into split: inout [ReleaseNumber: Int]
    ) {
        let sorted = releases.sorted()
        for (index, release) in sorted.enumerated() {
            split[release] = share / sorted.count + (index < share % sorted.count ? 1 : 0)
        }
    }
}

extension TrafficFigures {
    mutating func add(_ other: Self) {
        requests += other.requests
        errors += other.errors
        for (index, count) in other.latency.enumerated() {
            if index < latency.count { latency[index] += count } else { latency.append(count) }
        }
    }
}
