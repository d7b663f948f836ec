internal import Model
internal import SpecLoading

extension ComposeReader {
    /// Puts one service down as an app with the process `web`.
    mutating func service(_ node: ForeignNode, entry: ForeignEntry, into app: inout AppDraft) {
        let path = "services.\(entry.key)"
        guard let keys = node.entries else {
            notes.toDo(entry.keyNode, "empty_service", "the service has no keys", keyPath: path, app: &app)
            return
        }
        for key in keys where !ComposeKeys.read.contains(key.key) && !key.key.hasPrefix("x-") {
            tellService(key, keyPath: "\(path).\(key.key)", app: &app)
        }
        var web = AppDraft.Process()
        image(node, entry, path, &app)
        environment(node, path, &app)
        command(node, path, &web, &app)
        ports(node, path, &web, &app)
        labels(node["labels"], path, &web, &app)
        volumes(node, path, &web, &app)
        configs(node["configs"], path, &web, &app)
        secrets(node["secrets"], path, &app)
        healthcheck(node["healthcheck"], "\(path).healthcheck", &web, &app)
        scale(node, path, &web, &app)
        web.restart = restart(node, path)
        web.stopGracePeriod = span(node["stop_grace_period"], "\(path).stop_grace_period", 0...3_600_000)
        dependencies(node["depends_on"], path, &app)
        network(node, path, &app)
        profiles(node["profiles"], path, &web)
        app.processes["web"] = web
    }

    private mutating func tellService(_ entry: ForeignEntry, keyPath: String, app: inout AppDraft) {
        // `privileged: false` and the like ask for nothing.
        if entry.value.flag == false || entry.value.isNull { return }
        if entry.value.items?.isEmpty == true || entry.value.entries?.isEmpty == true { return }
        guard let fate = ComposeKeys.service[entry.key] else {
            notes.note(
                entry.keyNode, "not_taken_over",
                "`\(entry.key)` is not known to this importer and is left out",
                keyPath: keyPath)
            return
        }
        switch fate.kind {
        case .silent: break
        case .note: notes.note(entry.keyNode, "not_taken_over", fate.message, keyPath: keyPath)
        case .toDo: notes.toDo(entry.keyNode, "no_counterpart", fate.message, keyPath: keyPath, app: &app)
        }
    }

    /// The text of a value with its variables filled in; `nil`, and a finding, where one has no value.
    mutating func filled(_ node: ForeignNode?, _ keyPath: String, app: inout AppDraft) -> String? {
        guard let node, let text = node.text else { return nil }
        let result = variables.fill(text)
        if result.isMalformed {
            notes.toDo(
                node, "bad_variable", "a `${…}` cannot be read; write the value out", keyPath: keyPath,
                app: &app,
                showsLine: false)
            return nil
        }
        guard result.missing.isEmpty else {
            let names = result.missing.map { "`\($0)`" }.joined(separator: ", ")
            notes.toDo(
                node, "variable_without_value",
                "\(names) has neither a value in `.env` nor a default; write the value into the spec",
                keyPath: keyPath, app: &app, showsLine: false)
            return nil
        }
        tellVariables(result, node, keyPath)
        return result.text
    }

    mutating func tellVariables(_ filled: ComposeVariables.Filled, _ node: ForeignNode, _ keyPath: String) {
        guard !filled.variables.isEmpty else { return }
        let from = filled.given.isEmpty ? "the defaults in the file" : "`.env` and the defaults in the file"
        notes.note(
            node, "variable_filled_in",
            "variables are filled in now, from \(from); a spec has none but `${app}`, `${project}` and `${domain}`",
            keyPath: keyPath, showsLine: false)
    }

    // MARK: Image, command

    private mutating func image(
        _ node: ForeignNode, _ entry: ForeignEntry, _ path: String, _ app: inout AppDraft
    ) {
        app.image = filled(node["image"], "\(path).image", app: &app)
        guard let build = node["build"] else {
            if node["image"] == nil {
                notes.toDo(
                    entry.keyNode, "no_image", "there is neither `image` nor `build`; name an image",
                    keyPath: path,
                    app: &app)
            }
            return
        }
        let what =
            app.image == nil
            ? "Slipway builds no images: let your pipeline build and push it, and name it as `image`"
            : "Slipway builds no images: let your pipeline build `image` and push it to a registry"
        notes.toDo(build, "build", what, keyPath: "\(path).build", app: &app)
    }

    private mutating func command(
        _ node: ForeignNode, _ path: String, _ web: inout AppDraft.Process, _ app: inout AppDraft
    ) {
        web.command = words(node["command"], "\(path).command", &app) ?? []
        guard let entrypoint = node["entrypoint"], !entrypoint.isNull else { return }
        notes.toDo(
            entrypoint, "entrypoint",
            "`command` comes behind the image's entry point, which the spec cannot replace; set the entry point in the"
                + " image, or name the whole command as `command` if the image has none",
            keyPath: "\(path).entrypoint", app: &app, showsLine: false)
    }

    /// A command in either form.
    private mutating func words(_ node: ForeignNode?, _ keyPath: String, _ app: inout AppDraft) -> [String]? {
        guard let node, !node.isNull else { return nil }
        if let items = node.items {
            var words: [String] = []
            for (index, item) in items.enumerated() {
                guard let word = filled(item, "\(keyPath)[\(index)]", app: &app) else {
                    if item.text == nil { continue }
                    return nil
                }
                words.append(word)
            }
            return words
        }
        guard let line = filled(node, keyPath, app: &app) else { return nil }
        guard let words = ShellWords.split(line) else {
            notes.toDo(
                node, "bad_command", "a quote is not closed in this command; write it as a list of words",
                keyPath: keyPath, app: &app, showsLine: false)
            return nil
        }
        return words
    }
}
