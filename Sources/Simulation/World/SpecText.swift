/// An app as people would write it.
struct AppDraft: Sendable {
    var name: String
    var folder = "apps"
    var tag = 1
    var temper = ImageTemper.good
    var processes: [ProcessDraft]
    var deploy: DeployDraft
    var dependsOn: [String] = []
    var group: String?
    var setting = 1
    var isReversible = true
    var volume: VolumeDraft?
    var hasDomain: Bool
    /// What becomes of its release command; `nil`: it has none.
    var command: ImageTemper?
    /// What is run by the clock.
    var cron: [CronDraft] = []

    struct VolumeDraft: Sendable { var isShared: Bool }

    var path: String { "\(folder)/\(name).yaml" }

    /// The one instance of a process that writes to the volume has to stop before another one starts.
    private var hasSingleWriter: Bool {
        volume?.isShared == false && processes[0].replicas == 1
    }

    /// Without what the loader refuses together.
    var settled: AppDraft {
        var app = self
        let running = processes.filter { $0.replicas > 0 }
        let isOnlyWriter = hasSingleWriter && running.count == 1
        if app.deploy.movesTraffic, running.isEmpty || isOnlyWriter { app.deploy.strategy = "rolling" }
        if !app.deploy.movesTraffic, app.deploy.approval == "before_promote" { app.deploy.approval = nil }
        if hasSingleWriter || app.deploy.strategy == "recreate" { app.group = nil }
        if processes[0].replicas == 0 { app.hasDomain = false }
        if !app.hasDomain || (app.deploy.strategy == "blue_green" && app.deploy.bake == 0) {
            app.deploy.hasAnalysis = false
        }
        return app
    }

    init(name: String, _ chance: inout Chance, hasEdge: Bool) {
        self.name = name
        processes = [ProcessDraft(name: "web", &chance)]
        if chance.happens(30) { processes.append(ProcessDraft(name: "worker", &chance)) }
        deploy = DeployDraft(&chance, hasEdge: hasEdge)
        let features = SpecFeatures.present
        let (isGrouped, isIrreversible) = (chance.happens(20), chance.happens(10))
        if isGrouped, features.group { group = "suite" }
        if isIrreversible, features.irreversible { isReversible = false }
        if chance.happens(20) {
            volume = VolumeDraft(isShared: chance.happens(40))
            if volume?.isShared == false, chance.happens(70) { processes[0].replicas = 1 }
        }
        let wantsDomain = chance.happens(80)
        hasDomain = hasEdge && wantsDomain
    }
}

struct CronDraft: Sendable {
    var name: String
    var schedule: String
    var overlap: String
    var retries: Int
    /// The last word of its command says what becomes of it.
    var temper: ImageTemper

    var line: String {
        "  - {name: \(name), schedule: \"\(schedule)\", command: [bin/work, \(temper.rawValue)], timeout: 20s,"
            + " overlap: \(overlap), retries: \(retries)}"
    }

    /// Due in the first minutes of the simulated world, which begins on 14 November at 22:13:20, and not again before
    /// a year has gone by: what is due for ever never comes to rest.
    init(name: String, _ chance: inout Chance) {
        self.name = name
        let step = chance.pick([1, 1, 2, 3]) ?? 1
        schedule = "14-21/\(step) 22 14 11 *"
        overlap = chance.pick(["forbid", "allow", "replace"]) ?? "forbid"
        retries = chance.pick([0, 0, 1, 2]) ?? 0
        temper = chance.mostly(.exit0, 70, or: [.crash, .oom, .sick, .deaf])
    }
}

struct ProcessDraft: Sendable {
    var name: String
    var replicas: Int
    var grace: Int
    var interval: Int
    var restart: String

    init(name: String, _ chance: inout Chance) {
        self.name = name
        replicas = chance.pick([0, 1, 1, 2, 2, 3, 3, 4, 6]) ?? 2
        grace = chance.between(2, 15)
        interval = chance.pick([15, 20, 30]) ?? 20
        restart = chance.mostly("always", 75, or: ["unless-stopped", "on-failure", "no"])
    }
}

struct DeployDraft: Sendable {
    var strategy: String
    var surge: String
    var unavailable: String
    var minHealthy: Int
    var timeout: Int
    var rollsBack: Bool
    var approval: String?
    var bake: Int
    var hasAnalysis: Bool

    var movesTraffic: Bool { strategy == "canary" || strategy == "blue_green" }

    init(_ chance: inout Chance, hasEdge: Bool) {
        let features = SpecFeatures.present
        let drawn = chance.pick(["rolling", "rolling", "rolling", "recreate", "canary", "blue_green"])
        let isThere = [
            "rolling": true, "recreate": true, "canary": features.canary, "blue_green": features.blueGreen
        ]
        strategy = drawn.flatMap { isThere[$0] == true ? $0 : nil } ?? "rolling"
        let limits = [
            ("25%", "0"), ("1", "0"), ("1", "1"), ("0", "1"), ("50%", "25%"), ("100%", "0"), ("2", "50%"),
            ("0", "34%")
        ]
        (surge, unavailable) = chance.pick(limits) ?? ("1", "0")
        minHealthy = chance.pick([0, 3, 5, 10, 20]) ?? 5
        timeout = chance.pick([45, 90, 120, 240]) ?? 120
        rollsBack = chance.happens(90)
        let drawnApproval = chance.pick(["before_deploy", "before_promote"])
        let needsApproval = chance.happens(8)
        approval = needsApproval && features.approval ? drawnApproval : nil
        bake = chance.pick([0, 5, 15, 30]) ?? 5
        hasAnalysis = chance.happens(40) && features.analysis && hasEdge
    }
}

/// Writes specs as YAML, so that the real loader reads them.
enum SpecText {
    /// Makes any file one that does not load.
    static let brokenMark = "\nnonsense: [\n"

    static func yaml(_ app: AppDraft) -> String {
        var lines = [
            "name: \(app.name)", "image: registry.test/\(app.name):\(app.tag)-\(app.temper.rawValue)",
            "env: {SETTING: \"\(SilenceChecker.sentinel)\(app.setting)\"}"
        ]
        if !app.dependsOn.isEmpty { lines.append("depends_on: [\(app.dependsOn.joined(separator: ", "))]") }
        if let group = app.group { lines.append("group: \(group)") }
        if !app.isReversible { lines.append("reversible: false") }
        if let command = app.command {
            lines.append("release: {command: [bin/migrate, \(command.rawValue)], timeout: 30s}")
        }
        if !app.cron.isEmpty { lines += ["cron:"] + app.cron.map(\.line) }
        if let volume = app.volume { lines += ["volumes:", "  data: {shared: \(volume.isShared)}"] }
        lines.append("processes:")
        for process in app.processes { lines += yaml(process, app) }
        lines += yaml(app.deploy)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func yaml(_ process: ProcessDraft, _ app: AppDraft) -> [String] {
        var lines = [
            "  \(process.name):", "    replicas: \(process.replicas)",
            "    stop_grace_period: \(process.grace)s", "    restart: \"\(process.restart)\""
        ]
        guard process.name == "web" else { return lines }
        lines += [
            "    port: 8080",
            "    healthcheck: {path: /health, interval: \(process.interval)s, start_interval: 2s,"
                + " start_period: 25s}"
        ]
        if app.volume != nil { lines.append("    volumes: [data:/data]") }
        if app.hasDomain {
            lines += ["    domains: [\(app.name).example.com]", "    drain_timeout: 10s"]
        }
        return lines
    }

    private static func yaml(_ deploy: DeployDraft) -> [String] {
        var lines = [
            "deploy:", "  strategy: \(deploy.strategy)", "  max_surge: \(deploy.surge)",
            "  max_unavailable: \(deploy.unavailable)", "  min_healthy_time: \(deploy.minHealthy)s",
            "  timeout: \(deploy.timeout)s", "  rollback: \(deploy.rollsBack)"
        ]
        if let approval = deploy.approval { lines.append("  approval: \(approval)") }
        // One instance of as many as there are: more may have no room beside the old ones, which is refused.
        if deploy.strategy == "canary" { lines.append("  steps: [15%, 100%]") }
        if deploy.movesTraffic { lines.append("  bake: \(deploy.bake)s") }
        if deploy.movesTraffic, deploy.hasAnalysis {
            lines += ["  analysis:", "    - {metric: error_rate, max: 5%, min_requests: 20}"]
        }
        return lines
    }
}
