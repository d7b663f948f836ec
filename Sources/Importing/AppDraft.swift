internal import Model
internal import SpecLoading

/// An app as it is put together, in the words of the spec.
struct AppDraft {
    struct Process {
        var command: [String] = []
        var replicas: Int?
        var port: Int?
        var domains: [SpecDraft.Value] = []
        var edge = SpecDraft()
        var healthcheck = SpecDraft()
        var resources = SpecDraft()
        var mounts: [String] = []
        var restart: String?
        var stopGracePeriod: TimeSpan?
        var drainTimeout: TimeSpan?

        var draft: SpecDraft {
            var draft = SpecDraft()
            draft.add("command", words: command)
            draft.add("replicas", number: replicas)
            draft.add("port", number: port)
            if !domains.isEmpty { draft.add("domains", .list(domains)) }
            if !edge.isEmpty { draft.add("edge", edge.value) }
            if !healthcheck.isEmpty { draft.add("healthcheck", healthcheck.value) }
            if !resources.isEmpty { draft.add("resources", resources.value) }
            draft.add("volumes", words: mounts)
            draft.add("restart", text: restart)
            draft.add("stop_grace_period", text: stopGracePeriod?.description)
            draft.add("drain_timeout", text: drainTimeout?.description)
            return draft
        }
    }

    let name: String
    var project: String?
    var image: String?
    var env: [String: String] = [:]
    var secrets: Set<String> = []
    /// Path in the container to path beside the spec.
    var files: [String: String] = [:]
    var dependsOn: Set<String> = []
    var release: SpecDraft?
    var processes: [String: Process] = [:]
    var volumes: Set<String> = []
    var cron: [SpecDraft] = []
    var deploy = SpecDraft()
    /// What a person has to do, for the head of the file.
    var toDo: [String] = []

    init(name: String) { self.name = name }

    /// The name of a volume of the app, free and as near to `text` as names allow.
    mutating func volume(_ text: String) -> String {
        let name = Names.name(text, orElse: "data")
        volumes.insert(name)
        return name
    }

    /// The spec's text. The head of the file says what is left to do.
    func text(from source: String) -> String {
        var lines = ["# Imported from \(Names.comment(source)) by `slipway import`."]
        if !toDo.isEmpty { lines.append("# To do:") }
        lines += toDo.map { "# - \(Names.comment($0))" }
        return lines.joined(separator: "\n") + "\n" + draft.yaml()
    }

    var draft: SpecDraft {
        var draft = SpecDraft()
        draft.add("name", .text(name))
        draft.add("project", text: project)
        draft.add("image", text: image)
        let env = env.sorted { $0.key < $1.key }
        draft.add("env", map: env.map { ($0.key, .text(Names.escaped($0.value))) })
        draft.add("files", map: files.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })
        draft.add("secrets", words: secrets.sorted())
        draft.add("depends_on", words: dependsOn.sorted())
        if let release { draft.add("release", release.value) }
        addProcesses(to: &draft)
        if !cron.isEmpty { draft.add("cron", .list(cron.map(\.value))) }
        draft.add("deploy", map: deploy.entries)
        return draft
    }

    /// One process `web` stands at the top, as people write it.
    private func addProcesses(to draft: inout SpecDraft) {
        if processes.count == 1, let web = processes["web"] {
            for entry in web.draft.entries { draft.add(entry.key, entry.value) }
            return
        }
        let sorted = processes.sorted { $0.key < $1.key }
        draft.add("processes", map: sorted.map { ($0.key, $0.value.draft.value) })
        draft.add("volumes", map: volumes.sorted().map { ($0, .map([])) })
    }
}

/// Names and texts that have to fit our grammar.
enum Names {
    /// The nearest name by our grammar: `plausible_db` is `plausible-db`.
    static func name(_ text: String, orElse fallback: String) -> String {
        var result = ""
        for scalar in text.lowercased().unicodeScalars {
            if ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) {
                result.unicodeScalars.append(scalar)
            } else if !result.isEmpty, !result.hasSuffix("-") {
                result.append("-")
            }
        }
        while let first = result.first, !first.isLetter { result.removeFirst() }
        result = String(result.prefix(40))
        while result.hasSuffix("-") { result.removeLast() }
        return AppName(result) == nil ? fallback : result
    }

    /// In our files `${` would be filled in.
    static func escaped(_ value: String) -> String {
        value.split(separator: "${", omittingEmptySubsequences: false).joined(separator: "$${")
    }

    /// On one line, without what would end a comment or reach a terminal.
    static func comment(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}
