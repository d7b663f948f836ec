public import Model
internal import SpecLoading

/// Reads a directory with a `Procfile`, and `app.json` and `.env` where they are there.
public enum ProcfileImport {
    /// - Parameters:
    ///   - name: what the app is called where `app.json` does not say; any text.
    ///   - image: the image that holds the app; `nil` leaves it to be filled in.
    ///   - read: gives files of the directory.
    /// - Throws: why the Procfile cannot be read.
    public static func read(
        name: String, image: String?, project: ProjectName? = nil, read: FileReading
    ) throws(Diagnostic) -> Import {
        let bytes: [UInt8]
        do {
            bytes = try read("Procfile")
        } catch {
            throw Diagnostic(
                code: "unreadable", message: "the Procfile cannot be read: \(error)", path: "Procfile")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Diagnostic(code: "not_utf8", message: "the file is not UTF-8 text", path: "Procfile")
        }
        let manifest = try ManifestFile.read(read)
        var reader = ProcfileReader(manifest: manifest, fallbackName: name, image: image)
        reader.app.project = project?.rawValue
        reader.readProcfile(text)
        reader.readManifest()
        reader.readEnvironment(read)
        reader.complete()
        return Finishing.finish([reader.app], files: [], notes: reader.notes, source: "Procfile")
    }
}

/// `app.json`, which is read as the YAML that JSON is a part of, so that findings have places.
enum ManifestFile {
    static func read(_ read: FileReading) throws(Diagnostic) -> ForeignNode? {
        guard let bytes = try? read("app.json") else { return nil }
        // JSON may be indented with tabs, which YAML refuses; between tokens they are blanks. Inside of strings JSON has none.
        let blanks = bytes.map { $0 == UInt8(ascii: "\t") ? UInt8(ascii: " ") : $0 }
        return try ForeignYAML.read(path: "app.json", bytes: blanks).0
    }
}

struct ProcfileReader {
    let manifest: ForeignNode?
    var app: AppDraft
    var notes = ImportNotes()

    private static let webPort = 8080

    init(manifest: ForeignNode?, fallbackName: String, image: String?) {
        self.manifest = manifest
        app = AppDraft(name: Names.name(fallbackName, orElse: "app"))
        app.image = image
    }

    mutating func readProcfile(_ text: String) {
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            let trimmed = line.drop { $0 == " " || $0 == "\t" }
            guard !trimmed.isEmpty, !trimmed.hasPrefix("#") else { continue }
            let parts = trimmed.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            let isName =
                !name.isEmpty
                && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
            guard parts.count == 2, isName else {
                problem(index + 1, "bad_line", "this is not a line `NAME: COMMAND`, and is left out", .error)
                continue
            }
            let command = parts[1].drop { $0 == " " || $0 == "\t" }
            guard !command.isEmpty else {
                problem(index + 1, "no_command", "`\(name)` has no command", .error)
                continue
            }
            process(name, String(command), line: index + 1)
        }
        if app.processes.isEmpty {
            problem(0, "no_process", "the Procfile has no process", .error)
        }
    }

    private mutating func process(_ name: String, _ line: String, line number: Int) {
        let command = ShellWords.command(line)
        if name == "release" {
            var release = SpecDraft()
            release.add("command", words: command)
            app.release = release
            return
        }
        let ours = Names.name(name, orElse: "process")
        if ours != name { problem(number, "renamed", "the process is called `\(ours)`", .warning) }
        var process = AppDraft.Process()
        process.command = command
        if name == "web" {
            process.port = Self.webPort
            problem(
                number, "port",
                "`web` is given port \(Self.webPort), which it finds in `PORT`; change `port` if it listens elsewhere",
                .warning)
        } else {
            // Heroku starts only `web` by itself.
            process.replicas = 0
        }
        if app.processes[ours] != nil {
            problem(number, "duplicate", "`\(ours)` is given twice; the last one counts", .warning)
        }
        app.processes[ours] = process
    }

    private mutating func problem(
        _ line: Int, _ code: String, _ message: String, _ severity: Diagnostic.Severity
    ) {
        notes.add(
            Diagnostic(
                code: code, severity: severity, message: message, path: "Procfile", line: line,
                column: line > 0 ? 1 : 0))
        if severity == .error { app.toDo.append(message) }
    }

    mutating func readEnvironment(_ read: FileReading) {
        guard let bytes = try? read(".env"), let text = String(validating: bytes, as: UTF8.self) else {
            return
        }
        let (lines, problems) = EnvironmentText.parse(text)
        for problem in problems {
            notes.add(
                Diagnostic(
                    code: "env_file", message: problem.message, path: ".env", line: problem.line,
                    column: problem.column))
        }
        for line in lines {
            if Secrets.isSecret(line.key, value: line.value), Secrets.isName(line.key) {
                app.secrets.insert(line.key)
                notes.add(
                    Diagnostic(
                        code: "secret",
                        message:
                            "`\(line.key)` looks like a secret: it is named in `secrets`, and its value is not written down",
                        path: ".env", line: line.line, column: 1))
            } else if line.key == "PORT", let port = Int(line.value), app.processes["web"] != nil {
                app.processes["web"]?.port = port
            } else {
                app.env[line.key] = line.value
            }
        }
    }

    mutating func complete() {
        for name in app.processes.keys where app.processes[name]?.replicas == 0 {
            notes.add(
                Diagnostic(
                    code: "not_started", severity: .warning,
                    message:
                        "`\(name)` has `replicas: 0`, as only `web` starts by itself; give it more to run it",
                    path: "Procfile"))
        }
        if app.image == nil {
            let message =
                "a Procfile names no image: let your pipeline build one, and name it as `image` (or give --image)"
            notes.add(Diagnostic(code: "no_image", message: message, path: "Procfile"))
            app.toDo.append(message)
        }
    }
}
