import Importing
import Model
import SpecLoading
import Testing

struct NoFile: Error, CustomStringConvertible {
    var description: String { "there is no such file" }
}

func compose(_ text: String, files: [String: String] = [:]) throws -> Import {
    try ComposeImport.read(path: "compose.yaml", bytes: Array(text.utf8)) { path in
        let name = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        guard let file = files[name] else { throw NoFile() }
        return Array(file.utf8)
    }
}

func kamal(_ text: String, files: [String: String] = [:], over: String? = nil) throws -> Import {
    try KamalImport.read(
        path: "deploy.yml", bytes: Array(text.utf8),
        destination: over.map { ("deploy.production.yml", Array($0.utf8)) }
    ) { path in
        guard let file = files[path] else { throw NoFile() }
        return Array(file.utf8)
    }
}

func procfile(_ files: [String: String], image: String? = "registry.example.com/shop:1") throws -> Import {
    try ProcfileImport.read(name: "My_Shop", image: image) { path in
        guard let file = files[path] else { throw NoFile() }
        return Array(file.utf8)
    }
}

extension Import {
    /// The spec of an app as our own loader reads it; `nil` where it has an error.
    func spec(_ name: String) throws -> AppSpec? {
        let app = try #require(
            apps.first { $0.name == name }, "there is no app \(name) among \(apps.map(\.name))")
        let loader = SpecLoader(project: try #require(ProjectName("default")), hasEdge: true)
        let loaded = loader.load(path: app.path, bytes: Array(app.text.utf8)) { path in
            guard let file = files.first(where: { $0.path == path }) else { throw NoFile() }
            return file.bytes
        }
        return loaded.specs.first?.spec
    }

    func text(_ name: String) -> String { apps.first { $0.name == name }?.text ?? "" }

    func has(_ code: String, at line: Int? = nil) -> Bool {
        findings.contains { $0.code == code && (line == nil || $0.line == line) }
    }

    /// Findings of our own loader about what was written.
    var loaderFindings: [Diagnostic] { findings.filter { found in apps.contains { $0.path == found.path } } }
}
