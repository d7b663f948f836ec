internal import Model
internal import Ports

/// A short story in which nothing is left to chance, and of which it is known how it has to end.
///
/// Whatever crashes on the way, the end is the same one.
public struct Scenario: Sendable {
    /// Such as `canary`.
    public var name: String
    /// What happens, in one sentence.
    public var sentence: String
    var hasEdge: Bool
    /// The folders that are read, each a source of its own; the empty one is the whole repository.
    var folders: [String]
    /// The branch at the beginning.
    var first: [AppText]
    var beats: [Beat]
    /// No release fails, so that the end follows from git and what runs, whatever the store has forgotten. Where one
    /// does, what was proven before it and what has failed stand in the store alone.
    var isAllGood: Bool {
        let pushed = beats.flatMap { beat in
            if case .push(let apps, _) = beat.act { return apps }
            return []
        }
        return (first + pushed).allSatisfy {
            ImageTemper(image: $0.tag).isGood && ($0.command ?? "exit0") == "exit0"
        }
    }
    /// Nobody has asked for anything that only the store remembers.
    var isOfGitAlone: Bool {
        beats.allSatisfy { beat in
            switch beat.act {
            case .ask, .resume: false
            case .push, .strike: true
            }
        }
    }
    /// The right end, in the words of `Outline`, sorted.
    public var end: [String]
    /// Rules alone say whether it went well.
    var isOpenEnded = false

    init(
        _ name: String, _ sentence: String, hasEdge: Bool = false, folders: [String] = [""],
        first: [AppText], _ beats: [Beat], end: [String]
    ) {
        self.name = name
        self.sentence = sentence
        self.hasEdge = hasEdge
        self.folders = folders
        self.first = first
        self.beats = beats
        self.end = (end + ["network slipway-sim"]).sorted()
    }

    /// Something that people or the world do, once a moment has come.
    ///
    /// Moments are told by what is stored and what really runs, never by the clock: a crash delays a story, and its
    /// parts still meet what they are meant for.
    struct Beat: Sendable {
        var moment: Moment
        /// So long after the moment.
        var delay = TimeSpan.zero
        var act: Act
    }

    struct Moment: Sendable {
        var hasCome: @Sendable (WorldTruth) -> Bool
    }

    enum Act: Sendable {
        case push([AppText], String)
        /// A person asks until it is done: the one who gets no answer looks at the status and asks again.
        case ask(Request, String, until: Moment)
        case resume(String, until: Moment)
        case strike(Occurrence.Kind)
    }
}

extension Scenario.Moment {
    static let atOnce = Self { _ in true }

    private static func memory(_ app: String, _ world: WorldTruth) -> AppMemory? {
        AppName(app).flatMap { world.stored.apps[$0] }
    }

    /// Nothing of the app is under way, and `tag` is what is proven.
    static func proven(_ app: String, _ tag: String) -> Self {
        Self { world in
            guard let memory = memory(app, world), memory.rollout == nil else { return false }
            return memory.lastGood?.image.reference.hasSuffix(":\(tag)") ?? false
        }
    }
    /// So many instances of an image run.
    static func runs(_ app: String, _ tag: String, _ count: Int = 1) -> Self {
        Self { world in
            world.instances.values.count { instance in
                instance.observed.labels.app.rawValue == app && instance.observed.state == .running
                    && instance.observed.image.contains(":\(tag)@")
            } >= count
        }
    }
    /// So many instances of an image are ready.
    static func ready(_ app: String, _ tag: String, _ count: Int = 1) -> Self {
        Self { world in
            world.instances.values.count { instance in
                instance.observed.labels.app.rawValue == app && instance.isReady
                    && instance.observed.image.contains(":\(tag)@")
            } >= count
        }
    }
    /// A release has failed, and all of it is over.
    static func failed(_ app: String) -> Self {
        Self { memory(app, $0).map { !$0.quarantine.isEmpty && $0.rollout == nil } ?? false }
    }
    static func quarantined(_ app: String) -> Self {
        Self { memory(app, $0)?.quarantine.isEmpty == false }
    }
    static func pinned(_ app: String) -> Self { Self { memory(app, $0)?.pin != nil } }
    static func paused(_ app: String, _ isPaused: Bool = true) -> Self {
        Self { memory(app, $0)?.isPaused == isPaused }
    }
    /// The rollout waits for a person.
    static func waitsForPerson(_ app: String) -> Self {
        Self { memory(app, $0)?.rollout?.waitingSince != nil }
    }
    /// A person has let the rollout go on, or it is over.
    static func letGoOn(_ app: String) -> Self {
        Self { world in
            guard let memory = memory(app, world) else { return false }
            return memory.rollout == nil || memory.rollout?.promotedStep != nil
        }
    }
    static func and(_ one: Self, _ other: Self) -> Self {
        Self { one.hasCome($0) && other.hasCome($0) }
    }
}

/// An app as a scenario writes it.
struct AppText: Sendable {
    var name = "shop"
    var folder = "apps"
    /// A number and how its containers behave, such as `2-sick`.
    var tag = "1-good"
    var web = 2
    var worker: Int?
    var setting: Int?
    var group: String?
    var isSingleWriter = false
    var hasDomain = false
    var cpus: String?
    /// How its release command behaves, such as `exit0`.
    var command: String?
    /// Entries of `cron`, each in one line.
    var cron: [String] = []
    /// In seconds.
    var minHealthyTime = 3
    /// Further lines of `deploy`.
    var deploy: [String] = ["strategy: rolling", "max_surge: 1", "max_unavailable: 0"]

    var path: String { "\(folder)/\(name).yaml" }

    func with(_ change: (inout Self) -> Void) -> Self {
        var copy = self
        change(&copy)
        return copy
    }

    var yaml: String {
        var lines = ["name: \(name)", "image: registry.test/\(name):\(tag)"]
        if let group { lines.append("group: \(group)") }
        if let setting { lines.append("env: {SETTING: \"\(setting)\"}") }
        if let command { lines.append("release: {command: [bin/migrate, \(command)], timeout: 30s}") }
        if !cron.isEmpty { lines += ["cron:"] + cron.map { "  - \($0)" } }
        if isSingleWriter { lines.append("volumes: {data: {shared: false}}") }
        lines += [
            "processes:", "  web:", "    replicas: \(web)", "    port: 8080", "    stop_grace_period: 5s",
            "    healthcheck: {path: /health, interval: 20s, start_interval: 2s, start_period: 20s, retries: 2}"
        ]
        if let cpus { lines.append("    resources: {cpus: \(cpus)}") }
        if isSingleWriter { lines.append("    volumes: [data:/data]") }
        if hasDomain { lines += ["    domains: [\(name).example.com]", "    drain_timeout: 10s"] }
        if let worker {
            lines += ["  worker:", "    replicas: \(worker)", "    stop_grace_period: 3s"]
        }
        lines +=
            ["deploy:", "  min_healthy_time: \(minHealthyTime)s", "  timeout: 90s"] + deploy.map { "  \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }

    static func files(_ apps: [Self]) -> [String: String] {
        Dictionary(apps.map { ($0.path, $0.yaml) }) { $1 }
    }
}
