internal import Model
internal import SpecLoading

extension ComposeReader {
    mutating func environment(_ node: ForeignNode, _ path: String, _ app: inout AppDraft) {
        environmentFiles(node["env_file"], path, &app)
        guard let environment = node["environment"] else { return }
        for entry in environment.entries ?? [] {
            variable(entry.key, entry.value, entry.keyNode, "\(path).environment.\(entry.key)", &app)
        }
        for item in environment.items ?? [] {
            guard let text = item.text else { continue }
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = String(parts[0])
            var value = item
            value.content = .scalar(parts.count > 1 ? String(parts[1]) : "", isPlain: parts.count < 2)
            variable(key, value, item, "\(path).environment.\(key)", &app)
        }
    }

    private mutating func variable(
        _ key: String, _ value: ForeignNode, _ place: ForeignNode, _ keyPath: String, _ app: inout AppDraft
    ) {
        // Without a value it is passed through from the shell of who starts it, or from `.env`.
        let filled = value.isNull ? variables.fill("${\(key)}") : variables.fill(value.text ?? "")
        if isSecret(key, filled) {
            keep(secret: key, place, keyPath, &app)
            return
        }
        if let name = mountedSecret(key, filled.text) {
            notes.toDo(
                place, "secret_file",
                "secrets are variables, not files: `\(name)` takes the place of `\(key)`, if the image reads it",
                keyPath: keyPath, app: &app, showsLine: false)
            keep(secret: name, place, keyPath, &app)
            return
        }
        guard filled.missing.isEmpty, !filled.isMalformed else {
            if value.isNull {
                notes.note(
                    place, "passed_through",
                    "the value came from the shell that starts it; write it into `env` if it is needed",
                    keyPath: keyPath, showsLine: false)
            } else {
                let names = filled.missing.map { "`\($0)`" }.joined(separator: ", ")
                notes.toDo(
                    place, "variable_without_value",
                    filled.isMalformed
                        ? "a `${…}` cannot be read; write the value into `env`"
                        : "\(names) has neither a value in `.env` nor a default; write the value into `env`",
                    keyPath: keyPath, app: &app, showsLine: false)
            }
            return
        }
        tellVariables(filled, place, keyPath)
        takeHost(key, filled.text, place, keyPath, &app)
        app.env[key] = filled.text
        tellNames(in: filled.text, place, keyPath, &app)
    }

    private func isSecret(_ key: String, _ filled: ComposeVariables.Filled) -> Bool {
        let value = filled.missing.isEmpty ? filled.text : nil
        guard Secrets.isName(key) else { return false }
        if Secrets.isSecret(key, value: value) { return true }
        return filled.variables.contains { Secrets.isSecret($0, value: value) } && value != ""
    }

    /// The variable that `X_FILE=/run/secrets/…` stands for.
    private func mountedSecret(_ key: String, _ value: String) -> String? {
        guard value.hasPrefix("/run/secrets/") else { return nil }
        for suffix in ["_FILE", "__FILE"] where key.hasSuffix(suffix) && key.count > suffix.count {
            let name = String(key.dropLast(suffix.count))
            return Secrets.isName(name) ? name : nil
        }
        return nil
    }

    /// A secret's value is never written down: git keeps what it is given.
    private mutating func keep(
        secret key: String, _ place: ForeignNode, _ keyPath: String, _ app: inout AppDraft
    ) {
        app.env[key] = nil
        app.secrets.insert(key)
        notes.toDo(
            place, "secret",
            "`\(key)` looks like a secret: it is named in `secrets`, and its value is not written down",
            keyPath: keyPath, app: &app, showsLine: false)
    }

    /// Names of hosts that were told by variables to the proxies nginx-proxy and caddy-gen.
    private mutating func takeHost(
        _ key: String, _ value: String, _ place: ForeignNode, _ keyPath: String, _ app: inout AppDraft
    ) {
        guard key == "VIRTUAL_HOST" else { return }
        notes.toDo(
            place, "proxy_variable",
            "nginx-proxy's variables are not read by Slipway; write the host names as `domains`",
            keyPath: keyPath, app: &app)
    }

    /// A value that names a service that is called otherwise now.
    private mutating func tellNames(
        in value: String, _ place: ForeignNode, _ keyPath: String, _ app: inout AppDraft
    ) {
        let words = Set(
            value.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" || $0 == ".") }.map(
                String.init))
        for (service, name) in names.sorted(by: { $0.key < $1.key })
        where service != name && words.contains(service) {
            notes.toDo(
                place, "old_name", "the value names `\(service)`, which answers as `\(name)` now",
                keyPath: keyPath,
                app: &app, showsLine: false)
        }
    }

    private mutating func environmentFiles(_ node: ForeignNode?, _ path: String, _ app: inout AppDraft) {
        guard let node, !node.isNull else { return }
        for item in node.items ?? [node] {
            let keyPath = "\(path).env_file"
            guard let name = filled(item["path"] ?? item, keyPath, app: &app) else { continue }
            guard let bytes = try? read(name), let text = String(validating: bytes, as: UTF8.self) else {
                if item["required"]?.flag != false {
                    notes.toDo(
                        item, "env_file",
                        "`\(name)` cannot be read here; write what it holds into `env` and `secrets`",
                        keyPath: keyPath, app: &app)
                }
                continue
            }
            take(EnvironmentText.parse(text), name, item, keyPath, &app)
        }
    }

    private mutating func take(
        _ file: (lines: [EnvironmentText.Line], problems: [EnvironmentText.Problem]), _ name: String,
        _ place: ForeignNode, _ keyPath: String, _ app: inout AppDraft
    ) {
        for problem in file.problems {
            notes.add(
                Diagnostic(
                    code: "env_file", message: problem.message, path: name, line: problem.line,
                    column: problem.column,
                    keyPath: keyPath))
        }
        for line in file.lines {
            let value = line.isLiteral ? line.value : variables.fill(line.value).text
            if Secrets.isSecret(line.key, value: value), Secrets.isName(line.key) {
                app.env[line.key] = nil
                app.secrets.insert(line.key)
                notes.add(
                    Diagnostic(
                        code: "secret",
                        message:
                            "`\(line.key)` looks like a secret: it is named in `secrets` of `\(app.name)`, and its"
                            + " value is not written down", path: name, line: line.line, column: 1,
                        keyPath: keyPath))
            } else {
                app.env[line.key] = value
            }
        }
        notes.note(
            place, "env_file_read", "what `\(name)` holds is written into `env` and `secrets`",
            keyPath: keyPath)
    }
}
