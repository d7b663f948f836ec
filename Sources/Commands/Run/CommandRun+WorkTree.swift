internal import Model
internal import SpecLoading
internal import TimeZones

extension CommandRun {
    func plan() async throws -> Int32 {
        let source = try source()
        if invocation.has("repo"), invocation.has("head") || invocation.has("base") {
            throw usage(
                "--repo plans what lies in the work tree, --head and --base what is committed; give one of them"
            )
        }
        let client = try client()
        let plan: PlanReport
        do {
            if let repo = invocation.options["repo"] {
                let request = PlanRequest(files: try workTree(repo), source: source)
                plan = try await client.post(PlanReport.self, ["v1", "plan"], request)
            } else {
                let query = [
                    ("source", source?.rawValue), ("head", invocation.options["head"]),
                    ("base", invocation.options["base"])
                ]
                plan = try await client.get(PlanReport.self, ["v1", "plan"], query)
            }
        } catch let error as ControlClient.Failure {
            guard case .refused = error else { throw error }
            throw LocalFailure(error.message)
        }
        if format == .markdown {
            console.write(PlanRendering.markdown(plan))
        } else {
            try show(plan) { PlanRendering.lines($0, style: style, isWide: format == .wide) }
        }
        return PlanRendering.exitCode(plan)
    }

    /// The specs of a work tree and the files they name.
    private func workTree(_ path: String) throws -> [PlanFile] {
        let loaded = try load(path)
        var files: [PlanFile] = []
        let paths = Set(loaded.tree.specs).union(loaded.files.flatMap(\.dependencies))
        for path in paths.sorted() {
            // A file that is named and not there is a finding of the spec; the controller makes it too.
            guard let bytes = try? loaded.reader.read(path, in: loaded.tree) else { continue }
            guard let content = String(validating: bytes, as: UTF8.self) else {
                console.complain(
                    "slipway: warning: \(style.clean(path)) is not text in UTF-8 and is not sent\n")
                continue
            }
            files.append(PlanFile(path: path, content: content))
        }
        return files
    }

    func validate() throws -> Int32 {
        let loaded = try load(invocation.arguments["PATH"] ?? ".")
        let errors = loaded.findings.count { $0.severity == .error }
        try show(loaded.findings) { findings in
            let specs = Phrases.count(loaded.specs.count, "spec"),
                files = Phrases.count(loaded.files.count, "file")
            let verdict: Line =
                if errors > 0 {
                    Line("✗ \(Phrases.count(errors, "error")) in \(files)", .bad)
                } else if loaded.specs.isEmpty {
                    Line("◌ no specs in \(files)", .held)
                } else {
                    Line("● \(specs) in \(files), \(loaded.specs.count == 1 ? "" : "all ")valid", .good)
                }
            return [verdict] + findings.flatMap(Self.caret)
        }
        return errors > 0 ? 1 : 0
    }

    func render() throws -> Int32 {
        let app = try optionalApp()
        let loaded = try load(invocation.arguments["PATH"] ?? ".")
        let specs = loaded.specs.map(\.spec).filter { app == nil || $0.name == app }
        switch format {
        case .json:
            let bytes =
                try specs.count == 1 && app != nil
                ? WireCoding.encode(specs[0], pretty: true) : WireCoding.encode(specs, pretty: true)
            console.write(String(decoding: bytes, as: UTF8.self) + "\n")
        default: console.write(specs.map(SpecRendering.yaml).joined(separator: "---\n"))
        }
        let errors = loaded.findings.filter { $0.severity == .error }
        for line in errors.flatMap(Self.caret) { console.complain(line.text(style.withoutColour) + "\n") }
        if let app, specs.isEmpty, errors.isEmpty {
            let guess = Suggestion.nearest(to: app.rawValue, in: loaded.specs.map(\.spec.name.rawValue))
            throw LocalFailure("no spec names an app '\(app)'" + Suggestion.question(guess))
        }
        return errors.isEmpty ? 0 : 1
    }

    static func caret(_ finding: Diagnostic) -> [Line] {
        let lines = SpecRendering.caret(finding).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.enumerated().filter { !$0.element.isEmpty }.map { index, line in
            Line(String(line), index == 0 ? (finding.severity == .error ? .bad : .held) : .plain)
        }
    }

    private struct Loaded {
        var tree: Files.Tree
        var reader: Files
        var files: [LoadedFile]
        var specs: [LoadedSpec]
        /// Of every file and of all of them together, by place.
        var findings: [Diagnostic]
    }

    private func load(_ path: String) throws -> Loaded {
        let name = invocation.options["project"] ?? "default"
        guard let project = ProjectName(name) else { throw usage("'\(name)' is not a project's name") }
        let reader = Files(console)
        let tree = try reader.tree(path)
        let loader = SpecLoader(project: project, hasEdge: true, zones: SystemZones().names())
        let files = try tree.specs.map { path in
            loader.load(path: path, bytes: try reader.read(path, in: tree)) { try reader.read($0, in: tree) }
        }
        let specs = files.flatMap(\.specs)
        let known = Set(files.flatMap(\.broken).compactMap(\.name))
        let cross = SpecRules.crossCheck(specs, known: known).map(\.diagnostic)
        let findings = (files.flatMap(\.diagnostics) + cross).sorted {
            ($0.path, $0.line, $0.column) < ($1.path, $1.line, $1.column)
        }
        return Loaded(tree: tree, reader: reader, files: files, specs: specs, findings: findings)
    }
}
