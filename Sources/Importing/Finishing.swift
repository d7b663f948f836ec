internal import Model
internal import SpecLoading

/// Writes the drafts down and reads them back with our own loader, so that what it finds is part of the report.
enum Finishing {
    static func finish(
        _ drafts: [AppDraft], files: [ImportedFile], notes: ImportNotes, source: String
    ) -> Import {
        var result = Import()
        result.findings = notes.all.enumerated().sorted { left, right in
            (left.element.path, left.element.line, left.element.column, left.offset)
                < (right.element.path, right.element.line, right.element.column, right.offset)
        }.map(\.element)
        let contents = Dictionary(files.map { ($0.path, $0.bytes) }) { $1 }
        result.files = contents.sorted { $0.key < $1.key }.map { ImportedFile(path: $0.key, bytes: $0.value) }
        var specs: [LoadedSpec] = []
        var names: Set<AppName> = []
        // An edge may be there or not: that is for the controller to say.
        guard let project = ProjectName("default") else { return result }
        let loader = SpecLoader(project: project, hasEdge: true)
        for draft in drafts {
            let app = ImportedApp(
                name: draft.name, path: "\(draft.name).yaml", text: draft.text(from: source))
            result.apps.append(app)
            let loaded = loader.load(path: app.path, bytes: Array(app.text.utf8)) { path in
                guard let bytes = contents[path] else { throw MissingFile(path: path) }
                return bytes
            }
            result.findings += loaded.diagnostics
            specs += loaded.specs
            names.formUnion(loaded.broken.compactMap(\.name))
        }
        result.findings += SpecRules.crossCheck(specs, known: names).map(\.diagnostic)
        result.apps.sort { $0.path < $1.path }
        return result
    }

    private struct MissingFile: Error, CustomStringConvertible {
        var path: String
        var description: String { "there is no file \(path)" }
    }
}
