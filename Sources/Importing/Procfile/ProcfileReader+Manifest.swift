internal import Model
internal import SpecLoading

extension ProcfileReader {
    private static let fates: [String: KeyFate] = [
        "addons": .toDo(
            "add-ons have no counterpart: run the service as an app of its own, or name its address in `env` or `secrets`"
        ),
        "buildpacks": .note(
            "Slipway builds no images: let your pipeline build one, with `pack` and the same buildpacks if you like"
        ),
        "stack": .note("Slipway builds no images"), "image": .silent, "name": .silent, "description": .silent,
        "keywords": .silent, "website": .silent, "repository": .silent, "logo": .silent,
        "success_url": .silent,
        "environments": .note("settings for review apps and tests have no counterpart"),
        "env": .silent, "formation": .silent, "cron": .silent, "healthchecks": .silent, "scripts": .silent
    ]

    /// What `app.json` says.
    mutating func readManifest() {
        guard let manifest else { return }
        for entry in manifest.entries ?? [] {
            let fate =
                Self.fates[entry.key] ?? .note("`\(entry.key)` is not known to this importer and is left out")
            switch fate.kind {
            case .silent: break
            case .note: notes.note(entry.keyNode, "not_taken_over", fate.message, keyPath: entry.key)
            case .toDo:
                if entry.value.items?.isEmpty == true { continue }
                notes.toDo(entry.keyNode, "no_counterpart", fate.message, keyPath: entry.key, app: &app)
            }
        }
        variables(manifest["env"])
        formation(manifest["formation"])
        scripts(manifest["scripts"])
        cron(manifest["cron"])
        healthchecks(manifest["healthchecks"])
    }

    private mutating func variables(_ node: ForeignNode?) {
        for entry in node?.entries ?? [] {
            let keyPath = "env.\(entry.key)"
            let value = entry.value.text ?? entry.value["value"]?.text
            if entry.value["generator"]?.text == "secret" || Secrets.isSecret(entry.key, value: value),
                Secrets.isName(entry.key)
            {
                app.secrets.insert(entry.key)
                notes.toDo(
                    entry.keyNode, "secret", "`\(entry.key)` is named in `secrets`: encrypt a value for it",
                    keyPath: keyPath,
                    app: &app, showsLine: false)
            } else if let value {
                app.env[entry.key] = value
            } else if entry.value["required"]?.flag != false {
                notes.toDo(
                    entry.keyNode, "variable_without_value",
                    "`\(entry.key)` has no value; write one into `env`",
                    keyPath: keyPath, app: &app)
            }
        }
    }

    private mutating func formation(_ node: ForeignNode?) {
        for entry in node?.entries ?? [] {
            let name = Names.name(entry.key, orElse: "process")
            let keyPath = "formation.\(entry.key)"
            guard app.processes[name] != nil else {
                notes.note(
                    entry.keyNode, "unknown_process", "the Procfile has no process `\(entry.key)`",
                    keyPath: keyPath)
                continue
            }
            if let quantity = entry.value["quantity"]?.text.flatMap({ Int($0) }) {
                app.processes[name]?.replicas = quantity
            }
            if let size = entry.value["size"] {
                notes.note(
                    size, "size", "sizes of dynos have no counterpart; limit it by `resources`",
                    keyPath: "\(keyPath).size")
            }
            if let scaling = entry.value["autoscaling"] {
                notes.note(
                    scaling, "autoscaling", "scaling by these triggers has no counterpart",
                    keyPath: "\(keyPath).autoscaling")
            }
        }
    }

    private mutating func scripts(_ node: ForeignNode?) {
        for entry in node?.entries ?? [] {
            notes.toDo(
                entry.keyNode, "script",
                "scripts of app.json have no counterpart: what comes before a release is `release`, what is done once by hand",
                keyPath: "scripts.\(entry.key)", app: &app)
        }
    }

    private mutating func cron(_ node: ForeignNode?) {
        for (index, item) in (node?.items ?? []).enumerated() {
            guard let command = item["command"]?.text, let schedule = item["schedule"]?.text else { continue }
            var cron = SpecDraft()
            cron.add("name", text: "cron-\(index + 1)")
            cron.add("schedule", text: schedule)
            cron.add("command", words: ShellWords.command(command))
            app.cron.append(cron)
        }
    }

    private mutating func healthchecks(_ node: ForeignNode?) {
        for entry in node?.entries ?? [] {
            let name = Names.name(entry.key, orElse: "process")
            for (index, check) in (entry.value.items ?? []).enumerated() {
                let keyPath = "healthchecks.\(entry.key)[\(index)]"
                guard app.processes[name]?.healthcheck.isEmpty == true, let path = check["path"]?.text else {
                    notes.note(
                        check, "healthcheck", "a process has one check, by `path`; this one is left out",
                        keyPath: keyPath)
                    continue
                }
                app.processes[name]?.healthcheck.add("path", text: path)
                if let seconds = check["timeout"]?.text.flatMap({ SpanText.parse($0, unit: "s") }) {
                    app.processes[name]?.healthcheck.add("timeout", text: seconds.description)
                }
                if check["content"] != nil {
                    notes.note(
                        check, "content", "what is in the answer is not looked at, only its status",
                        keyPath: keyPath)
                }
            }
        }
    }
}
