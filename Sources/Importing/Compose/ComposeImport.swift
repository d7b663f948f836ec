public import Model
internal import SpecLoading

/// Reads Compose files.
public enum ComposeImport {
    /// - Parameters:
    ///   - path: the file's name, for findings and the heads of the specs.
    ///   - project: the project of the specs; default: the file's `name`.
    ///   - read: gives files beside it: `.env`, files of variables, mounted files.
    /// - Throws: why the file cannot be read at all.
    public static func read(
        path: String, bytes: [UInt8], project: ProjectName? = nil, read: FileReading
    ) throws(Diagnostic) -> Import {
        let (root, findings) = try ForeignYAML.read(path: path, bytes: bytes)
        guard let root, let services = root["services"], let entries = services.entries else {
            throw Diagnostic(
                code: "not_compose", message: "there is no map `services`, so this is not a Compose file",
                path: path,
                line: 0, column: 0)
        }
        return withoutActuallyEscaping(read) { read in
            var reader = ComposeReader(path: path, root: root, read: read)
            for finding in findings { reader.notes.add(finding) }
            reader.project = project?.rawValue ?? root["name"]?.text.map { Names.name($0, orElse: "default") }
            reader.readTop(entries)
            return reader.finish()
        }
    }
}

/// The file on its way.
struct ComposeReader {
    let path: String
    let root: ForeignNode
    let read: FileReading
    var notes = ImportNotes()
    var project: String?
    var variables = ComposeVariables(values: [:])
    /// Service to app name.
    var names: [String: String] = [:]
    /// Services by the named volume that they mount.
    var volumeUsers: [String: Set<String>] = [:]
    var drafts: [AppDraft] = []
    var files: [ImportedFile] = []

    /// More services than this are not read.
    private static let serviceLimit = 500

    init(path: String, root: ForeignNode, read: @escaping FileReading) {
        self.path = path
        self.root = root
        self.read = read
    }

    mutating func readTop(_ services: [ForeignEntry]) {
        variables = environmentFile()
        for entry in root.entries ?? [] where !entry.key.hasPrefix("x-") {
            tell(entry, ComposeKeys.top, keyPath: entry.key)
        }
        nameApps(services)
        volumeUsers = Self.volumeUsers(services)
        for entry in services.prefix(Self.serviceLimit) {
            guard let name = names[entry.key] else { continue }
            let service = extended(entry.value, name: entry.key)
            var draft = AppDraft(name: name)
            draft.project = project
            self.service(service, entry: entry, into: &draft)
            drafts.append(draft)
        }
        checkCycles()
    }

    func finish() -> Import {
        Finishing.finish(drafts, files: files, notes: notes, source: path)
    }

    /// Our names for the services; two that come to the same one get a number.
    private mutating func nameApps(_ services: [ForeignEntry]) {
        var taken: Set<String> = []
        for entry in services.prefix(Self.serviceLimit) {
            var name = Names.name(entry.key, orElse: "app")
            var number = 2
            while !taken.insert(name).inserted {
                name = "\(Names.name(entry.key, orElse: "app").prefix(36))-\(number)"
                number += 1
            }
            names[entry.key] = name
            if name != entry.key {
                notes.note(
                    entry.keyNode, "renamed",
                    "the app is called `\(name)`, and answers under that name: change it where others ask for `\(entry.key)`",
                    keyPath: "services.\(entry.key)")
            }
        }
        if services.count > Self.serviceLimit {
            notes.note(
                root, "too_many_services", "only the first \(Self.serviceLimit) services are read",
                keyPath: "services")
        }
    }

    private mutating func environmentFile() -> ComposeVariables {
        guard let bytes = try? read(".env"), let text = String(validating: bytes, as: UTF8.self) else {
            // Compose does without as well.
            return ComposeVariables(values: [:])
        }
        let lines = EnvironmentText.parse(text).lines
        return ComposeVariables(values: Dictionary(lines.map { ($0.key, $0.value) }) { $1 })
    }

    /// Says of a key what becomes of it.
    mutating func tell(_ entry: ForeignEntry, _ table: [String: KeyFate], keyPath: String) {
        let fate = table[entry.key] ?? .note("`\(entry.key)` is not known to this importer and is left out")
        switch fate.kind {
        case .silent: break
        case .note: notes.note(entry.keyNode, "not_taken_over", fate.message, keyPath: keyPath)
        case .toDo: notes.add(entry.keyNode.finding("no_counterpart", .error, fate.message, keyPath: keyPath))
        }
    }

    /// A service with what it extends, of the same file.
    private mutating func extended(_ node: ForeignNode, name: String, depth: Int = 0) -> ForeignNode {
        guard let extends = node["extends"] else { return node }
        let service = extends.text ?? extends["service"]?.text
        let isElsewhere = extends["file"] != nil
        guard depth < 8, !isElsewhere, let service, service != name,
            let base = root["services"]?[service]
        else {
            notes.add(
                extends.finding(
                    "no_counterpart", .error,
                    isElsewhere
                        ? "`extends` of another file is not followed; write the service out, or see `docker compose config`"
                        : "`extends` names no service of this file; write the service out",
                    keyPath: "services.\(name).extends"))
            return node
        }
        return Merging.over(extended(base, name: service, depth: depth + 1), with: node)
    }

    /// Apps wait for each other until they have converged, so a circle of them would wait for ever.
    private mutating func checkCycles() {
        var waits: [String: Set<String>] = [:]
        for draft in drafts { waits[draft.name] = draft.dependsOn }
        for index in drafts.indices {
            let name = drafts[index].name
            for dependency in drafts[index].dependsOn.sorted()
            where Self.reaches(name, from: dependency, waits) {
                waits[name]?.remove(dependency)
                drafts[index].dependsOn.remove(dependency)
                if let node = root["services"] {
                    notes.toDo(
                        node, "dependency_cycle",
                        "`\(name)` and `\(dependency)` wait for each other in a circle; `\(name)` does not wait now",
                        keyPath: "services.\(name).depends_on", app: &drafts[index])
                }
            }
        }
    }

    private static func reaches(_ goal: String, from start: String, _ waits: [String: Set<String>]) -> Bool {
        var open = [start]
        var seen: Set<String> = []
        while let name = open.popLast() {
            if name == goal { return true }
            if seen.insert(name).inserted { open += waits[name] ?? [] }
        }
        return false
    }
}

/// How one map of a tool is laid over another: maps deeply, lists and single values as a whole.
enum Merging {
    static func over(_ base: ForeignNode, with node: ForeignNode) -> ForeignNode {
        guard let below = base.entries, let above = node.entries else { return node }
        var result = below
        for entry in above {
            if let index = result.firstIndex(where: { $0.key == entry.key }) {
                result[index].value = over(result[index].value, with: entry.value)
            } else {
                result.append(entry)
            }
        }
        var merged = node
        merged.content = .map(result)
        return merged
    }
}
