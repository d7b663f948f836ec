import Model
import Ports

@testable import Simulation

/// A made-up history that is shown to one checker.
struct Play {
    var world: WorldTruth
    private(set) var found: [String] = []
    private var checker: any Checker
    private var calls = 0
    private var stamps = 0

    init(_ checker: any Checker.Type) {
        self.checker = checker.init()
        world = WorldTruth(
            now: Instant(nanoseconds: 0), instances: [:], volumes: [], routes: [:],
            stored: StoredState(
                isNew: false, clock: nil, apps: [:], sources: [:], owned: [:], openIntents: [], lastIntent: 0,
                lastEvent: 0, epoch: 1),
            rollouts: [], head: nil, wanted: [:], goodImages: ["shop:1", "shop:2"], inFlight: [],
            incarnations: [1], status: nil, isCalm: true)
    }

    mutating func happen(_ happening: Happening) {
        found += checker.observe(happening, in: world)
    }

    /// Lets the time go on by so many seconds, with a tick for each.
    mutating func pass(_ seconds: Int) {
        for _ in 0..<seconds {
            world.now = world.now + .seconds(1)
            happen(.tick)
        }
    }

    // MARK: Instances

    /// Puts an instance there that has just been started and is ready at once, unless said otherwise.
    mutating func put(
        _ name: String, _ release: Release, process: String = "web", isReady: Bool = true,
        isOurs: Bool = true,
        state: ContainerState = .running
    ) {
        guard let id = ContainerID(name), let instance = instance(name, release, process, state) else {
            return
        }
        world.instances[id] = WorldTruth.Instance(
            observed: instance, isHealthy: isReady, healthySince: isReady ? world.now : nil,
            startedAt: world.now, isOurs: isOurs)
        happen(.life(id, "\(name) runs"))
    }

    private func instance(
        _ name: String, _ release: Release, _ process: String, _ state: ContainerState
    ) -> ObservedInstance? {
        guard let id = ContainerID(name), let process = ProcessName(process),
            let template = release.templates[process]
        else { return nil }
        return ObservedInstance(
            id: id, name: name, labels: Make.labels(release, process), state: state, startStamp: "+",
            restartCount: 0, address: "10.0.0.1",
            effective: EffectiveSettings(
                nanoCPUs: template.container.nanoCPUs, memoryInBytes: template.container.memoryInBytes,
                restart: template.container.restart, networks: ["net"]), image: template.container.image)
    }

    /// It ceases to be ready, or is again.
    mutating func turn(_ name: String, isReady: Bool) {
        guard let id = ContainerID(name) else { return }
        world.instances[id]?.isHealthy = isReady
        world.instances[id]?.healthySince = isReady ? world.now : nil
        happen(.life(id, "\(name) turns"))
    }

    mutating func gone(_ name: String) {
        guard let id = ContainerID(name) else { return }
        world.instances[id] = nil
        happen(.life(id, "\(name) is gone"))
    }

    // MARK: What the controller does

    /// The store takes what the memory of the app is now, with all that belongs to it.
    mutating func store(
        _ memory: AppMemory? = nil, records: [RolloutRecord] = [], intents: [Action] = [],
        incarnation: Int = 1,
        _ change: (inout StoreBatch) -> Void = { _ in }
    ) {
        var batch = StoreBatch()
        if let memory { batch.apps[Make.app] = memory }
        batch.rollouts = records
        for action in intents {
            world.stored.lastIntent += 1
            batch.intents.append(
                Intent(
                    sequence: world.stored.lastIntent, app: Make.app, action: action.kind,
                    object: action.object,
                    at: WallTime(secondsSince1970: 0)))
        }
        change(&batch)
        world.stored.apps.merge(batch.apps) { $1 }
        for app in batch.forgotten { world.stored.apps[app] = nil }
        world.rollouts += batch.rollouts
        happen(.stored(batch, incarnation: incarnation, error: nil))
    }

    /// Decides on an action, calls the engine, lets it act by `effect`, and takes the answer.
    mutating func act(_ action: Action, incarnation: Int = 1, _ effect: (inout Play) -> Void = { _ in }) {
        if let memory = world.stored.apps[Make.app] {
            store(memory, intents: [action], incarnation: incarnation)
        }
        calls += 1
        let call = EngineCall(number: calls, incarnation: incarnation, action: action)
        world.inFlight.append(call)
        happen(.call(call, .began))
        effect(&self)
        happen(.call(call, .acted))
        world.inFlight.removeAll { $0.number == call.number }
        happen(.call(call, .answered(nil)))
    }

    /// Stops it as a real engine does: SIGTERM first, which ends its service.
    mutating func remove(_ name: String) {
        guard let id = ContainerID(name) else { return }
        act(.remove(id, name: name, grace: .seconds(10))) { play in
            play.turn(name, isReady: false)
            play.pass(1)
            play.gone(name)
        }
    }

    mutating func launch(_ name: String, _ release: Release, process: String = "web", isReady: Bool = true) {
        guard let order = Make.order(name, release, process) else { return }
        act(.launch(order)) { $0.put(name, release, process: process, isReady: isReady) }
    }

    mutating func route(_ route: Route) {
        happen(.routed(.route(route), .began))
        var observed = world.routes[route.key] ?? ObservedRoute(route: route)
        observed.route = route
        world.routes[route.key] = observed
        happen(.routed(.route(route), .acted))
        happen(.routed(.route(route), .answered(nil)))
    }

    mutating func push(_ specs: [AppSpec], commit: Character = "a") {
        world.head = Make.commit(commit).id
        world.wanted = Dictionary(specs.map { ($0.name, $0) }) { $1 }
        happen(.pushed(Make.commit(commit).id))
    }
}

/// Values for made-up histories.
enum Make {
    static let app = name("shop")

    static func name(_ text: String) -> AppName { value(AppName(text)) }
    static func process(_ text: String) -> ProcessName { value(ProcessName(text)) }
    static func id(_ text: String) -> ContainerID { value(ContainerID(text)) }
    static func number(_ number: Int) -> ReleaseNumber { value(ReleaseNumber(number)) }
    static let source = value(SourceName("main"))
    static let project = value(ProjectName("retail"))

    private static func value<Value>(_ value: Value?) -> Value {
        guard let value else { fatalError("the test's own constant is malformed") }
        return value
    }

    static func digest(_ letter: Character) -> ContentDigest {
        value(ContentDigest("sha256:" + String(repeating: letter, count: 64)))
    }

    static func commit(_ letter: Character) -> CommitInfo {
        CommitInfo(
            id: value(CommitID(String(repeating: letter, count: 40))), subject: "change", author: "anna",
            time: WallTime(secondsSince1970: 0))
    }

    static func spec(
        _ app: AppName = Make.app, image: String = "shop:1", replicas: Int = 3,
        deploy: DeploySpec = DeploySpec(),
        volume: Bool = false, group: String? = nil
    ) -> AppSpec {
        let health = HealthcheckSpec(
            check: .http(path: "/", host: nil, port: nil), interval: .seconds(2), timeout: .seconds(1),
            retries: 2)
        var web = ProcessSpec(
            name: process("web"), replicas: replicas, port: 80, healthcheck: health,
            drainTimeout: .seconds(10))
        let data = value(VolumeName("data"))
        if volume { web.volumes = [MountSpec(volume: data, target: "/data")] }
        return AppSpec(
            name: app, project: project, image: image, processes: [web],
            volumes: volume ? [data: VolumeSpec()] : [:], deploy: deploy, group: group)
    }

    /// Release `number` from commit `letter`, with its own template unless it is `alike` another one.
    static func release(
        _ number: Int, _ spec: AppSpec = Make.spec(), commit letter: Character = "a",
        alike other: Release? = nil
    ) -> Release {
        let letters: [Character] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
        let own = digest(letters[number % 10])
        var templates: [ProcessName: Release.Template] = [:]
        for process in spec.processes {
            let container = ContainerTemplate(
                image: spec.image + "@", command: nil, env: [:], files: [], mounts: [], nanoCPUs: nil,
                memoryInBytes: nil, restart: .always, stopGrace: .seconds(10), network: "net", aliases: [])
            templates[process.name] =
                other?.templates[process.name] ?? Release.Template(digest: own, container: container)
        }
        return Release(
            number: Make.number(number), spec: spec, specDigest: own,
            image: ResolvedImage(
                reference: spec.image, pinned: spec.image + "@", digest: own, isFromRegistry: true),
            origin: SpecOrigin(source: source, path: "shop.yaml", commit: commit(letter)),
            templates: templates)
    }

    static func labels(_ release: Release, _ process: ProcessName) -> InstanceLabels {
        InstanceLabels(
            installation: value(InstallationName("test")), project: project, app: release.app,
            process: process,
            release: release.number, spec: release.specDigest,
            template: release.templates[process]?.digest ?? digest("f"), source: source, path: "shop.yaml",
            commit: release.origin.commit.id)
    }

    static func order(_ name: String, _ release: Release, _ process: String) -> InstanceOrder? {
        guard let process = ProcessName(process), let template = release.templates[process] else {
            return nil
        }
        return InstanceOrder(name: name, labels: labels(release, process), template: template.container)
    }

    /// What is remembered while `target` is moved to, or at rest.
    static func memory(
        _ good: Release?, target: Release? = nil, phase: Rollout.Phase = .moving, step: Int = 0,
        _ change: (inout AppMemory) -> Void = { _ in }
    ) -> AppMemory {
        var memory = AppMemory(source: source, path: "shop.yaml", project: project, now: .zero)
        memory.lastGood = good
        memory.rollout = target.map { target in
            var rollout = Rollout(
                target: target, startedAt: .zero, startedAtWall: WallTime(secondsSince1970: 0))
            rollout.phase = phase
            rollout.step = step
            return rollout
        }
        change(&memory)
        return memory
    }

    static let failure = Failure(cause: .exited, message: "web exited 1 ×3")

    static func record(_ release: Release, _ outcome: RolloutRecord.Outcome?) -> RolloutRecord {
        RolloutRecord(
            app: release.app, release: release.number, commit: release.origin.commit,
            image: release.image.pinned,
            startedAt: WallTime(secondsSince1970: 0),
            endedAt: outcome == nil ? nil : WallTime(secondsSince1970: 1), outcome: outcome)
    }

    static func route(_ targets: [(String, Release, Bool)], split: [Int: Int]? = nil) -> Route {
        let web = process("web")
        let shares = split.map { shares in
            Dictionary(shares.map { (number($0.key), $0.value) }) { first, _ in first }
        }
        return Route(
            key: RouteKey(app: app, process: web), domains: [],
            targets: targets.map { name, release, isDraining in
                Route.Target(
                    container: id(name), name: name, release: release.number, address: "10.0.0.1", port: 80,
                    isDraining: isDraining)
            }, split: shares)
    }

    static func status(
        _ verdict: Verdict, wanted: Release?, running: Release?, because: [Blocker] = [],
        app: AppName = Make.app
    ) -> InstallationStatus {
        func shown(_ release: Release) -> ReleaseStatus {
            ReleaseStatus(
                number: release.number, commit: release.origin.commit, image: release.image.reference,
                digest: release.image.digest, specDigest: release.specDigest)
        }
        let status = AppStatus(
            name: app, project: project, source: source, path: "shop.yaml", verdict: verdict, phase: "",
            wanted: wanted.map(shown), running: running.map(shown), processes: [], instances: [],
            rollout: nil,
            sinceSeconds: 0, because: because, diagnostics: [], isPaused: false)
        return InstallationStatus(
            installation: value(InstallationName("test")), verdict: verdict,
            at: WallTime(secondsSince1970: 0),
            sources: [], apps: [status],
            engine: EngineStatus(isReachable: true, name: "e", version: "1", apiVersion: "1", listedAt: nil),
            because: [])
    }

    static func because(_ cause: Blocker.Cause) -> [Blocker] {
        [Blocker(cause: cause, object: "shop", message: "because of \(cause.rawValue)")]
    }
}
