public import Model
internal import SpecLoading

/// Reads Kamal's `deploy.yml`.
public enum KamalImport {
    /// - Parameters:
    ///   - path: the file's name, for findings and the heads of the specs.
    ///   - destination: the bytes of `deploy.DESTINATION.yml`, which is laid over the file, and its name.
    ///   - read: gives files of the project's root, for accessories.
    /// - Throws: why a file cannot be read at all.
    public static func read(
        path: String, bytes: [UInt8], destination: (path: String, bytes: [UInt8])? = nil,
        project: ProjectName? = nil, read: FileReading
    ) throws(Diagnostic) -> Import {
        var notes = ImportNotes()
        guard var root = try tree(path, bytes, &notes) else {
            throw Diagnostic(code: "not_kamal", message: "the file is empty", path: path)
        }
        if let destination, let over = try tree(destination.path, destination.bytes, &notes) {
            root = Merging.over(root, with: over)
        }
        guard let service = root["service"]?.text else {
            throw Diagnostic(
                code: "not_kamal", message: "there is no key `service`, so this is not a deploy.yml of Kamal",
                path: path)
        }
        return withoutActuallyEscaping(read) { read in
            var reader = KamalReader(root: root, service: service, notes: notes, read: read)
            reader.project = project?.rawValue
            reader.readAll()
            return Finishing.finish(reader.drafts, files: reader.files, notes: reader.notes, source: path)
        }
    }

    /// The file with lines of Ruby code taken out: `<% … %>` alone on a line is not YAML.
    private static func tree(
        _ path: String, _ bytes: [UInt8], _ notes: inout ImportNotes
    ) throws(Diagnostic) -> ForeignNode? {
        let lines = String(decoding: bytes.prefix(1 << 20), as: UTF8.self).split(
            omittingEmptySubsequences: false
        ) { $0.isNewline }
        var kept: [Substring] = []
        for (index, line) in lines.enumerated() {
            let text = line.drop { $0 == " " || $0 == "\t" }
            let isCode = text.hasPrefix("<%") && !text.hasPrefix("<%=")
            if isCode {
                notes.add(
                    Diagnostic(
                        code: "ruby", message: "code in the file is not run; this line is left out",
                        path: path,
                        line: index + 1, column: 1))
            }
            kept.append(isCode ? "" : withoutCode(line))
        }
        let (root, findings) = try ForeignYAML.read(
            path: path, bytes: Array(kept.joined(separator: "\n").utf8))
        for finding in findings { notes.add(finding) }
        return root
    }

    /// The line with `r` in place of what stands within `<%` and `%>`, which may hold anything; places stay the same.
    private static func withoutCode(_ line: Substring) -> Substring {
        guard line.contains("<%") else { return line }
        var result = ""
        var rest = line
        while let start = rest.firstRange(of: "<%") {
            result += rest[..<start.upperBound]
            rest = rest[start.upperBound...]
            let end = rest.firstRange(of: "%>")?.lowerBound ?? rest.endIndex
            result += String(repeating: "r", count: rest[..<end].count)
            rest = rest[end...]
        }
        return Substring(result + rest)
    }
}

/// The file on its way.
struct KamalReader {
    let root: ForeignNode
    let service: String
    var notes: ImportNotes
    let read: FileReading
    var project: String?
    var drafts: [AppDraft] = []
    var files: [ImportedFile] = []

    init(root: ForeignNode, service: String, notes: ImportNotes, read: @escaping FileReading) {
        self.root = root
        self.service = service
        self.notes = notes
        self.read = read
    }

    mutating func readAll() {
        var app = AppDraft(name: Names.name(service, orElse: "app"))
        app.project = project
        if app.name != service {
            notes.note(
                root["service"] ?? root, "renamed", "the app is called `\(app.name)`", keyPath: "service")
        }
        for entry in root.entries ?? []
        where !KamalKeys.read.contains(entry.key) && !entry.key.hasPrefix("x-") {
            tell(entry, KamalKeys.top, keyPath: entry.key, &app)
        }
        image(&app)
        environment(root["env"], "env", &app)
        for (index, role) in roles().enumerated() { self.role(role, isFirst: index == 0, &app) }
        times(&app)
        drafts.append(app)
        for entry in root["accessories"]?.entries ?? [] { accessory(entry) }
    }

    mutating func tell(
        _ entry: ForeignEntry, _ table: [String: KeyFate], keyPath: String, _ app: inout AppDraft
    ) {
        guard !entry.value.isNull else { return }
        let fate = table[entry.key] ?? .note("`\(entry.key)` is not known to this importer and is left out")
        switch fate.kind {
        case .silent: break
        case .note: notes.note(entry.keyNode, "not_taken_over", fate.message, keyPath: keyPath)
        case .toDo: notes.toDo(entry.keyNode, "no_counterpart", fate.message, keyPath: keyPath, app: &app)
        }
    }

    /// The text of a value; `nil`, and a finding, where Ruby would make it.
    mutating func plain(
        _ node: ForeignNode?, _ keyPath: String, _ app: inout AppDraft
    ) -> String? {
        guard let node, let text = node.text else { return nil }
        guard !text.contains("<%") else {
            notes.toDo(
                node, "ruby", "code in the file is not run; write the value into the spec", keyPath: keyPath,
                app: &app,
                showsLine: false)
            return nil
        }
        return text
    }

    // MARK: Image, variables

    private mutating func image(_ app: inout AppDraft) {
        guard let name = plain(root["image"], "image", &app) else {
            notes.toDo(root, "no_image", "there is no `image`; name one", keyPath: "image", app: &app)
            return
        }
        let server = plain(root["registry"]?["server"], "registry.server", &app)
        app.image = server.map { "\($0)/\(name)" } ?? name
        notes.toDo(
            root["image"] ?? root, "image_tag",
            "Kamal tags images with the commit: let your pipeline write the tag that it pushed into `image`",
            keyPath: "image", app: &app)
        if let registry = root["registry"], registry["username"] != nil || registry["password"] != nil {
            notes.note(
                registry, "registry",
                "credentials of registries stand in the controller's configuration, as"
                    + " `engine.registries`", keyPath: "registry", showsLine: false)
        }
    }

    mutating func environment(_ node: ForeignNode?, _ path: String, _ app: inout AppDraft) {
        guard let node, let entries = node.entries else { return }
        let isSplit = node["clear"] != nil || node["secret"] != nil || node["tags"] != nil
        for entry in isSplit ? node["clear"]?.entries ?? [] : entries {
            variable(entry, "\(path).\(entry.key)", &app)
        }
        for item in node["secret"]?.items ?? [] {
            let parts = (item.text ?? "").split(separator: ":", maxSplits: 1)
            guard let name = parts.first.map(String.init), Secrets.isName(name) else { continue }
            app.secrets.insert(name)
            if parts.count > 1 {
                notes.toDo(
                    item, "secret_alias",
                    "`\(name)` takes its value from `\(parts[1])`; encrypt that value under the name `\(name)`",
                    keyPath: "\(path).secret", app: &app)
            }
        }
        if let secret = node["secret"], secret.items?.isEmpty == false {
            notes.toDo(
                secret, "secret", "values of secrets come from .kamal/secrets: encrypt them for `secrets`",
                keyPath: "\(path).secret",
                app: &app)
        }
        if let tags = node["tags"] {
            notes.toDo(
                tags, "env_tags",
                "variables for some hosts only have no counterpart: all instances of an app have the same",
                keyPath: "\(path).tags", app: &app)
        }
    }

    private mutating func variable(_ entry: ForeignEntry, _ keyPath: String, _ app: inout AppDraft) {
        guard let value = plain(entry.value, keyPath, &app) ?? (entry.value.isNull ? "" : nil) else { return }
        if Secrets.isSecret(entry.key, value: value), Secrets.isName(entry.key) {
            app.secrets.insert(entry.key)
            notes.toDo(
                entry.keyNode, "secret",
                "`\(entry.key)` looks like a secret: it is named in `secrets`, and its value is not written down",
                keyPath: keyPath, app: &app, showsLine: false)
            return
        }
        app.env[entry.key] = value
    }

    private mutating func times(_ app: inout AppDraft) {
        if let span = seconds(root["deploy_timeout"], "deploy_timeout", &app), span >= .seconds(1) {
            // The healthy time has to fit in.
            if span <= .seconds(10) {
                app.deploy.add(
                    "min_healthy_time", text: TimeSpan.milliseconds(span.milliseconds / 2).description)
            }
            app.deploy.add("timeout", text: span.description)
        }
        let drain = seconds(root["drain_timeout"], "drain_timeout", &app)
        let stop = seconds(root["stop_wait_time"], "stop_wait_time", &app)
        for name in app.processes.keys {
            if let drain { app.processes[name]?.drainTimeout = drain }
            if let stop, app.processes[name]?.stopGracePeriod == nil {
                app.processes[name]?.stopGracePeriod = stop
            }
        }
    }

    /// Whole numbers are seconds.
    mutating func seconds(_ node: ForeignNode?, _ keyPath: String, _ app: inout AppDraft) -> TimeSpan? {
        guard let node, let text = plain(node, keyPath, &app) else { return nil }
        guard let span = SpanText.parse(text, unit: "s"), span <= .minutes(60) else {
            notes.note(
                node, "bad_duration", "this is not a time that is known here; the default holds",
                keyPath: keyPath)
            return nil
        }
        return span
    }
}
