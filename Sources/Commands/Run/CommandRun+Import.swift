internal import Importing
internal import Model
internal import SpecLoading

/// The answer of `slipway import`.
struct ImportReport: Codable, Hashable, Sendable {
    struct File: Codable, Hashable, Sendable {
        var path: String
        /// The text of a spec; of copied files only the size is told.
        var text: String?
        var sizeInBytes: Int
    }
    static let currentVersion = 1
    var version = Self.currentVersion
    var files: [File]
    var findings: [Diagnostic]
    /// `nil`: nothing was written.
    var directory: String?
}

extension CommandRun {
    func importSpecs() throws -> Int32 {
        let result: Import
        do {
            result = try read(
                kind: invocation.arguments["KIND"] ?? "", path: invocation.arguments["PATH"] ?? "")
        } catch let error as Diagnostic {
            throw LocalFailure("\(error.location): \(error.message)")
        }
        let files =
            result.apps.map { (path: $0.path, bytes: Array($0.text.utf8)) }
            + result.files.map { (path: $0.path, bytes: $0.bytes) }
        if let directory = invocation.options["to"] {
            try Files(console).write(files, into: directory, overwrites: invocation.has("force"))
        }
        let texts = Dictionary(result.apps.map { ($0.path, $0.text) }) { $1 }
        let report = ImportReport(
            files: files.map { .init(path: $0.path, text: texts[$0.path], sizeInBytes: $0.bytes.count) },
            findings: result.findings, directory: invocation.options["to"])
        let lines = Self.lines(report, style: style)
        if format == .yaml {
            console.write(result.apps.map(\.text).joined(separator: "---\n"))
            console.complain(lines.map { $0.text(style.withoutColour) + "\n" }.joined())
        } else {
            try show(report) { _ in lines }
        }
        return result.hasWork ? 2 : 0
    }

    private func read(kind: String, path: String) throws -> Import {
        let project = try invocation.options["project"].map { text throws(UsageError) in
            guard let name = ProjectName(text) else { throw usage("'\(text)' is not a project's name") }
            return name
        }
        let files = Files(console)
        switch kind {
        case "compose":
            let file = try files.named(path)
            return try ComposeImport.read(path: file.name, bytes: file.bytes, project: project) {
                try files.read($0, below: file.directory)
            }
        case "procfile":
            let directory = try files.directory(path)
            let name = invocation.options["name"] ?? directory.split(separator: "/").last.map(String.init)
            return try ProcfileImport.read(
                name: name ?? "app", image: invocation.options["image"], project: project
            ) { try files.read($0, below: directory) }
        case "kamal": return try kamal(path, project, files)
        default: throw usage("there is no importer for '\(kind)'; there is compose, procfile and kamal")
        }
    }

    private func kamal(_ path: String, _ project: ProjectName?, _ files: Files) throws -> Import {
        let file = try files.named(path)
        var destination: (path: String, bytes: [UInt8])?
        if let name = invocation.options["destination"] {
            let stem = file.name.hasSuffix(".yml") ? file.name.dropLast(4) : file.name.dropLast(5)
            let over = "\(stem).\(name).yml"
            destination = (over, try files.read(over, below: file.directory))
        }
        // Kamal's paths begin at the project, of which the file is in `config`.
        let isInConfig = file.directory.hasSuffix("/config")
        let root = isInConfig ? String(file.directory.dropLast("/config".count)) : file.directory
        return try KamalImport.read(
            path: file.name, bytes: file.bytes, destination: destination, project: project
        ) { try files.read($0, below: root) }
    }

    private static func lines(_ report: ImportReport, style: TextStyle) -> [Line] {
        let specs = report.files.count { $0.text != nil }
        let errors = report.findings.count { $0.severity == .error }
        let verdict =
            errors == 0
            ? Line("● \(Phrases.count(specs, "spec")), and nothing is left to do", .good)
            : Line("◌ \(Phrases.count(specs, "spec")), and \(Phrases.count(errors, "thing")) to do", .held)
        var lines = [verdict]
        if let directory = report.directory {
            lines += report.files.map { Line("  written: \(directory)/\($0.path)") }
        } else {
            lines += report.files.map { Line("  not written: \($0.path)") }
            lines.append(Line("  --to DIR writes them, -o yaml prints the specs", .faint))
        }
        return lines + report.findings.flatMap(caret)
    }
}
