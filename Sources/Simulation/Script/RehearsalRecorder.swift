internal import Model
internal import Planning
internal import Ports

/// Watches a world that follows a script, and writes down what people want to know of it, instant by instant.
///
/// Safe to send: everything of a simulation runs on one thread.
final class RehearsalRecorder: @unchecked Sendable {
    private let world: World
    private let specs: RehearsalSpecs
    private let start: Instant
    private var apps: [AppName: AppTrace] = [:]
    /// Of `apps`, in order.
    private let names: [AppName]
    private(set) var moments: [RehearsalRecord.Moment] = []
    /// Containers at the beginning, by id.
    private let before: [ContainerID: InstanceLabels]
    private var hasNews = true
    var isHostAway = false

    init(_ world: World, _ specs: RehearsalSpecs) {
        self.world = world
        self.specs = specs
        start = world.now
        before = world.truth.instances.mapValues(\.observed.labels)
        let stored = world.truth.stored.apps
        names = Set(stored.keys).union(specs.head.keys).sorted()
        for name in names { apps[name] = AppTrace(name, specs, lastGood: stored[name]?.lastGood) }
        look()
        for name in names { apps[name]?.begin() }
    }

    private var now: Int64 { (world.now - start).milliseconds }

    // MARK: What happens

    func observe(_ happening: Happening) {
        if case .tick = happening { return }
        hasNews = true
        switch happening {
        case .call(let call, .began): began(call.action)
        case .call(let call, .acted): acted(call.action)
        case .call(let call, .answered(let error)): answered(call.action, error)
        case .routed(.route(let route), .acted): routed(route)
        case .stored(let batch, _, nil): stored(batch)
        case .life(let id, let text): lived(id, text)
        default: break
        }
    }

    private func began(_ action: Action) {
        guard case .remove(let id, let name, _) = action, let instance = world.truth.instances[id] else {
            return
        }
        if instance.observed.state == .running { return }
        add(instance.observed.labels.app, .removed, name)
    }

    private func acted(_ action: Action) {
        switch action {
        case .launch(let order):
            apps[order.labels.app]?.started.insert(order.name)
            add(order.labels.app, .start, order.name)
        case .start(let id, let name), .restart(let id, let name, _):
            if let app = world.truth.instances[id]?.observed.labels.app { add(app, .again, name) }
        default: break
        }
    }

    private func answered(_ action: Action, _ error: EngineError?) {
        guard case .prepare(let reference, _) = action else { return }
        for (name, spec) in specs.head where spec.image == reference && spec.image != specs.base[name]?.image
        {
            apps[name]?.pulled(reference, error?.message)
        }
    }

    private func routed(_ route: Route) {
        for target in route.targets where target.isDraining {
            guard apps[route.key.app]?.draining.insert(target.name).inserted == true else { continue }
            add(route.key.app, .drain, target.name)
        }
    }

    private func lived(_ id: ContainerID, _ text: String) {
        guard let instance = world.truth.instances[id] else { return }
        let labels = instance.observed.labels
        if text.hasSuffix(" gets SIGTERM") { add(labels.app, .stop, instance.observed.name) }
        if text.contains(" exited ") { add(labels.app, .exit, text) }
    }

    private func stored(_ batch: StoreBatch) {
        for event in batch.events {
            guard let app = event.app, event.kind != .promoted, event.kind != .approved else { continue }
            apps[app]?.take(event, at: now, steps(of: app, batch))
        }
        for (name, memory) in batch.apps.sorted(by: { $0.key < $1.key }) { apps[name]?.take(memory) }
        for name in batch.forgotten { apps[name]?.isForgotten = true }
    }

    private func steps(of app: AppName, _ batch: StoreBatch) -> [Step] {
        guard let memory = batch.apps[app], let rollout = memory.rollout else { return [] }
        return rollout.steps(from: memory.lastGood)
    }

    private func add(_ app: AppName, _ kind: AppTrace.Kind, _ text: String) {
        apps[app]?.fragments.append(.init(kind: kind, text: text))
    }

    func ask(_ app: AppName, _ command: String) {
        apps[app]?.questions += 1
        add(app, .question, command)
        hasNews = true
    }

    /// What the status says is in the way.
    func take(_ status: InstallationStatus) {
        for app in status.apps where apps[app.name] != nil {
            apps[app.name]?.take(app)
            hasNews = true
        }
    }

    func befall(_ text: String) {
        moments.append(
            .init(atMilliseconds: now, kind: .installation, text: text, ready: [], newPercent: nil))
    }

    // MARK: The end of an instant

    /// Writes down what has happened since the last time, as one moment for each app.
    func endInstant() {
        guard hasNews else { return }
        hasNews = false
        look()
        for name in names { apps[name]?.write(at: now, isHostAway: isHostAway) }
    }

    private func look() {
        for name in names { apps[name]?.clear() }
        for (_, instance) in world.truth.instances where instance.isOurs {
            apps[instance.observed.labels.app]?.count(instance)
        }
        for name in names { apps[name]?.readShare(world.truth.routes) }
    }

    // MARK: The record

    func record(
        _ scenario: RehearsalScenario, _ status: InstallationStatus?, isSettled: Bool
    ) -> RehearsalRecord {
        let after = world.truth.instances.filter { $0.value.observed.state.isLive }
        var found: [RehearsalRecord.App] = []
        var untouched = 0
        for name in names {
            guard let trace = apps[name] else { continue }
            let mine = before.filter { $0.value.app == name }.keys
            let kept = mine.count { after[$0] != nil }
            var app = trace.record(status?.apps.first { $0.name == name })
            app.stopped = mine.count - kept
            app.kept = kept
            if app.change == .none, app.moments.isEmpty {
                untouched += 1
            } else {
                found.append(app)
            }
        }
        let last = (found.flatMap(\.moments) + moments).map(\.atMilliseconds).max() ?? 0
        let diagnostics = (status?.sources.flatMap(\.diagnostics) ?? []).map { finding in
            var finding = finding
            finding.excerpt = nil
            finding.message = ValueFree.text(finding.message)
            return finding
        }
        return RehearsalRecord(
            scenario: scenario, apps: found, untouched: untouched, moments: moments, diagnostics: diagnostics,
            isSettled: isSettled, durationMilliseconds: last, unsettledBefore: [], hasEdge: specs.hasEdge,
            hasCommand: specs.hasCommand)
    }
}
