internal import Model
internal import SpecLoading

extension CommandRun {
    /// What a work tree has of secrets; no key is needed for it.
    struct SecretListing: Encodable {
        struct File: Encodable {
            var path: String
            var isSOPS: Bool
            var recipients: [String]
            var names: [String]
            /// By name: the apps that want it from this file.
            var apps: [String: [String]]
            var unused: [String]
            /// Why the file cannot be read, with places.
            var findings: [String]
        }
        struct Missing: Encodable {
            var app: String
            var name: String
            var files: [String]
        }
        var files: [File]
        var missing: [Missing]
    }

    func listSecrets() throws -> Int32 {
        guard let project = ProjectName(invocation.options["project"] ?? "default") else {
            throw usage("'\(invocation.options["project"] ?? "")' is not a project's name")
        }
        let files = try SecretFiles(invocation.arguments["WHAT"] ?? ".", project: project, console: console)
        var listing = SecretListing(files: [], missing: [])
        var names: [String: Set<String>] = [:]
        for path in files.paths {
            let bytes = try files.bytes(path)
            let file = SecretsFile.read(path: path, bytes: bytes)
            names[path] = Set(file.entries.map(\.name))
            let wanting = files.uses.filter { $0.files.contains(path) }
            var apps: [String: [String]] = [:]
            for entry in file.entries {
                apps[entry.name] = wanting.filter { $0.names.contains(entry.name) }.map(\.app.rawValue)
                    .sorted()
            }
            listing.files.append(
                SecretListing.File(
                    path: path, isSOPS: file.isSOPS,
                    recipients: (try? SecretFiles.text("\(files.root)/\(path)", shown: path))?.recipients
                        ?? [],
                    names: file.entries.map(\.name), apps: apps.filter { !$0.value.isEmpty },
                    unused: file.entries.map(\.name).filter { apps[$0]?.isEmpty ?? true },
                    findings: file.findings.map { "\($0.location): \($0.message)" }))
        }
        for use in files.uses {
            for name in use.names where !use.files.contains(where: { names[$0]?.contains(name) ?? false }) {
                listing.missing.append(.init(app: use.app.rawValue, name: name, files: use.files))
            }
        }
        try show(listing, Self.lines)
        return listing.missing.isEmpty && listing.files.allSatisfy(\.findings.isEmpty) ? 0 : 1
    }

    private static func lines(_ listing: SecretListing) -> [Line] {
        var lines: [Line] = []
        for file in listing.files {
            let whom =
                file.isSOPS
                ? "SOPS"
                : file.recipients.isEmpty ? "recipients not noted" : file.recipients.joined(separator: ", ")
            lines.append(Line("\(file.path)  \(whom)", .strong))
            lines += file.findings.map { Line("  ✗ \($0)", .bad) }
            for name in file.names {
                let apps = file.apps[name] ?? []
                lines.append(
                    apps.isEmpty
                        ? Line("  ◌ \(name)  wanted by no app", .held)
                        : Line("  ● \(name)  \(apps.joined(separator: ", "))", .plain))
            }
        }
        for missing in listing.missing {
            lines.append(
                Line(
                    "✗ \(missing.name) of \(missing.app) is missing: slipway secrets encrypt \(missing.name) --app"
                        + " \(missing.app)", .bad))
        }
        return lines.isEmpty ? [Line("there are no secrets below this directory", .plain)] : lines
    }
}
