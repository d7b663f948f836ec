internal import Model
internal import SpecLoading

/// A push: the complete content of the branch.
struct CommitPlan: Sendable {
    var files: [String: String]
    var subject: String
}

/// Which keys of the spec the present version acts on; the workload uses no others.
struct SpecFeatures: Sendable {
    var canary = false
    var blueGreen = false
    var approval = false
    var analysis = false
    var domains = false
    var group = false
    var irreversible = false

    static let present = SpecFeatures()

    private init() {
        canary = Self.loads("deploy: {strategy: canary, steps: [50%, 100%], bake: 5s}")
        blueGreen = Self.loads("deploy: {strategy: blue_green}")
        approval = Self.loads("deploy: {approval: before_deploy}")
        domains = Self.loads("domains: [a.example.com]")
        group = Self.loads("group: all")
        irreversible = Self.loads("reversible: false")
        analysis =
            canary
            && Self.loads(
                """
                deploy:
                  strategy: canary
                  analysis:
                    - {metric: error_rate, max: 5%}
                """)
    }

    private static func loads(_ text: String) -> Bool {
        guard let project = ProjectName("sim") else { return false }
        let spec = "name: probe\nimage: registry.test/probe:1\nport: 80\n\(text)\n"
        let file = SpecLoader(project: project, hasEdge: true).load(
            path: "probe.yaml", bytes: Array(spec.utf8)
        ) { path in
            throw MissingFile(path: path)
        }
        return file.broken.isEmpty && file.specs.count == 1
    }

    private struct MissingFile: Error { let path: String }
}

/// What people do to the configuration, and what they ask of the controller.
struct Workload {
    private let faults: Set<FaultClass>
    private let hasEdge: Bool
    private var chance: Chance
    private var requests: Chance
    /// A stream of its own, so that what is drawn of release commands changes nothing else.
    private var commands: Chance
    private let hasCommands: Bool
    /// Another one, for what is run by the clock.
    private var crons: Chance
    private let hasCron: Bool
    private var apps: [AppDraft] = []
    private var past: [[AppDraft]] = []
    private var nextName = 0
    private static let names = [
        "shop", "blog", "api", "mail", "docs", "auth", "chat", "feed", "maps", "jobs", "push", "wiki"
    ]

    init(_ options: SimulationOptions, hasEdge: Bool) {
        faults = options.faults
        self.hasEdge = hasEdge
        chance = Chance(seed: options.seed, concern: "workload")
        requests = Chance(seed: options.seed, concern: "people")
        commands = Chance(seed: options.seed, concern: "commands")
        hasCommands = commands.happens(40)
        crons = Chance(seed: options.seed, concern: "cron")
        hasCron = crons.happens(25)
    }

    mutating func first() -> CommitPlan {
        for _ in 0..<chance.between(2, 5) { addApp() }
        return commit("first")
    }

    mutating func occurrences(until end: Instant) -> [Occurrence] {
        var all: [Occurrence] = []
        let gap = chance.pick([12, 25, 60]) ?? 25
        var at = Instant(nanoseconds: chance.milliseconds(5_000, 90_000))
        while at < end {
            let subject = change()
            all.append(
                Occurrence(id: "commit\(all.count + 1)", fault: nil, at: at, kind: .push(commit(subject))))
            at = Instant(nanoseconds: at.nanoseconds + chance.milliseconds(gap * 200, gap * 1_800))
        }
        return all + asks(until: end)
    }

    private mutating func asks(until end: Instant) -> [Occurrence] {
        var all: [Occurrence] = []
        guard requests.happens(60) else { return [] }
        var at = Instant(nanoseconds: requests.milliseconds(20_000, 200_000))
        while at < end {
            let request = requests.pick(Request.allCases) ?? .sync
            all.append(
                Occurrence(
                    id: "ask\(all.count + 1)", fault: nil, at: at,
                    kind: .ask(request, app: requests.below(1_000))))
            at = Instant(nanoseconds: at.nanoseconds + requests.milliseconds(20_000, 240_000))
        }
        return all
    }

    private func commit(_ subject: String) -> CommitPlan {
        var files: [String: String] = [:]
        for app in apps { files[app.path] = SpecText.yaml(app.settled) }
        return CommitPlan(files: files, subject: subject)
    }

    // MARK: Changes

    private mutating func addApp() {
        guard nextName < Self.names.count else { return }
        var app = AppDraft(name: Self.names[nextName], &chance, hasEdge: hasEdge)
        nextName += 1
        let others = apps.filter { $0.group == nil }
        if let other = chance.pick(others), chance.happens(20), app.group == nil {
            app.dependsOn = [other.name]
        }
        setTemper(&app)
        let hasCommand = commands.happens(60)
        if hasCommands, hasCommand { setCommand(&app) }
        if hasCron, crons.happens(60) { setCron(&app) }
        apps.append(app)
    }

    private mutating func setCron(_ app: inout AppDraft) {
        app.cron = []
        for number in 1...crons.between(1, 3) { app.cron.append(CronDraft(name: "cron-\(number)", &crons)) }
    }

    private mutating func setTemper(_ app: inout AppDraft) {
        let good = chance.mostly(ImageTemper.good, 70, or: [.slow, .deaf, .tardy])
        let bad = chance.pick(ImageTemper.badOnes) ?? .crash
        let isBad = chance.happens(25)
        var temper = isBad && faults.contains(.app) ? bad : good
        if !faults.contains(.image), temper == .missing || temper == .tardy { temper = .good }
        app.temper = temper
    }

    /// With a new tag only: a release of the same image deserves what the one before did.
    private mutating func setCommand(_ app: inout AppDraft) {
        let bad = commands.pick([ImageTemper.crash, .oom, .sick, .deaf]) ?? .crash
        let isBad = commands.happens(15)
        app.command = isBad && faults.contains(.app) ? bad : .exit0
    }

    /// Changes one app or some, and says how.
    private mutating func change() -> String {
        past.append(apps)
        if apps.isEmpty || (apps.count < 6 && chance.happens(4)) {
            addApp()
            return "add \(apps.last?.name ?? "nothing")"
        }
        if apps.count > 2, chance.happens(4) { return removeOne() }
        if chance.happens(5), let before = chance.pick(past) {
            apps = before
            return "revert"
        }
        let isWide = chance.happens(20)
        let one = chance.below(apps.count)
        var words: [String] = []
        for index in apps.indices where isWide || index == one { words.append(change(index)) }
        return words.joined(separator: ", ")
    }

    private mutating func removeOne() -> String {
        let gone = apps.remove(at: chance.below(apps.count)).name
        for index in apps.indices { apps[index].dependsOn.removeAll { $0 == gone } }
        return "remove \(gone)"
    }

    private mutating func change(_ index: Int) -> String {
        var app = apps[index]
        defer { apps[index] = app }
        switch chance.below(100) {
        case 0..<62:
            app.tag += 1
            setTemper(&app)
            if app.command != nil { setCommand(&app) }
            return "\(app.name) to \(app.tag)-\(app.temper.rawValue)"
        case 62..<76:
            let process = chance.below(app.processes.count)
            app.processes[process].replicas = chance.between(0, 5)
            return "scale \(app.name)"
        case 76..<88:
            app.setting += 1
            if hasCron, crons.happens(30) { setCron(&app) }
            return "configure \(app.name)"
        case 88..<95:
            app.deploy = DeployDraft(&chance, hasEdge: hasEdge)
            return "another way to deploy \(app.name)"
        default:
            app.folder = app.folder == "apps" ? "other" : "apps"
            return "move \(app.name)"
        }
    }
}
