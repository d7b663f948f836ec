internal import FoundationEssentials
internal import Model

extension SpecDecoder {
    /// The app of a merged document; `nil` with findings where it is not one.
    func app(_ root: YAMLNode, path: String) -> AppSpec? {
        guard isSpec(root) else { return nil }
        guard let top = fields(Field(node: root, path: ""), "") else { return nil }
        if let mark = top["x-base"] {
            error("bad_choice", "`x-base` must be `true`, or be left out", at: mark.mark, mark.path)
        }
        let appName = name(require(top, "name"), AppName.self)
        let image = image(require(top, "image"))
        let chosenProject = name(top["project"], ProjectName.self)
        let dependsOn = dependsOn(top["depends_on"], of: appName)
        let group = name(top["group"], AppName.self)?.rawValue
        let (processes, volumes) = processesAndVolumes(top)
        let deploy = deploy(top["deploy"])
        let reversible = boolean(top["reversible"])
        let release = decodeRelease(top["release"], processes: processes)
        let cron = cron(top["cron"], processes: processes)
        decodeLater(top, processes: processes)
        let files = files(top["files"], processes: processes)
        let domain = processes.compactMap(\.effectiveDomains.first?.host).first
        let env = environment(
            top,
            Interpolation(values: [
                "app": appName?.rawValue ?? "", "project": (chosenProject ?? project).rawValue,
                "domain": domain
            ]))
        let secrets = secrets(
            top, app: appName, project: chosenProject ?? project, path: path, variables: Set(env.keys))
        if secrets != nil { refuseHidden(files, processes, top) }
        checkAcross(top, app: appName, processes: processes, volumes: volumes, deploy: deploy)
        checkProject(
            top, project: chosenProject ?? project, image: image, processes: processes, deploy: deploy)
        guard !findings.hasErrors, let appName, let image, !processes.isEmpty else { return nil }
        return AppSpec(
            name: appName, project: chosenProject ?? project, image: image, env: env, files: files,
            dependsOn: dependsOn, processes: processes, volumes: volumes, deploy: deploy,
            reversible: reversible, group: group, secrets: secrets, release: release, cron: cron,
            later: later.isEmpty ? nil : later)
    }

    /// Whether the document means to be a spec at all: one clear sentence instead of many about its keys.
    private func isSpec(_ root: YAMLNode) -> Bool {
        let naming = "if it is not meant as one, let its name or its directory's begin with `_` or `.`"
        guard let entries = root.entries else {
            if case .refused = root.content { return false }
            error(
                "not_a_spec",
                "this is \(root.kindName), not an app spec, which is a map with the keys `name` and `image`;"
                    + " \(naming)", at: root.mark, "")
            return false
        }
        let keys = Set(entries.map(\.key))
        guard !keys.contains("name"), !keys.contains("image"), !keys.contains("extends") else { return true }
        let kind =
            keys.contains("services")
            ? "; it looks like a Compose file"
            : keys.isSuperset(of: ["apiVersion", "kind"]) ? "; it looks like a Kubernetes manifest" : ""
        error(
            "not_a_spec", "there is no key `name`, so this is not an app spec\(kind); \(naming)",
            at: root.mark, "")
        return false
    }

    private func image(_ field: Field?) -> String? {
        let image = checked(
            field, "bad_image", wanted: "an image such as `registry.example.com/shop:1.4.2`", Grammar.image)
        if let image, let field, Grammar.isUntagged(image) {
            warning(
                "floating_tag",
                "`\(image)` names neither tag nor digest, so it means `latest`; name the version",
                at: field.mark, field.path)
        }
        return image
    }

    private func dependsOn(_ field: Field?, of app: AppName?) -> [AppName] {
        var names: Set<AppName> = []
        for item in list(field, limit: 64) ?? [] {
            guard let name = name(item, AppName.self) else { continue }
            if name == app {
                error(
                    "depends_on_itself", "`\(name)` cannot depend on itself; remove it", at: item.mark,
                    item.path)
            }
            if !names.insert(name).inserted {
                error("duplicate_item", "`\(name)` is in the list twice; keep one", at: item.mark, item.path)
            }
        }
        return names.sorted()
    }

    private func files(_ field: Field?, processes: [ProcessSpec]) -> [FileSpec] {
        guard let field, let entries = map(field) else { return [] }
        guard entries.count <= 64 else {
            error(
                "out_of_range", "`files` has \(entries.count) entries; at most 64 are allowed",
                at: field.mark, field.path)
            return []
        }
        let mounts = processes.flatMap(\.mountTargets)
        var specs: [FileSpec] = []
        var total = 0
        for entry in entries {
            guard let file = file(entry, path: join(field.path, entry.key), mounts: mounts) else { continue }
            total += file.content.data.count
            specs.append(file)
        }
        if total > 512 << 10 {
            error(
                "too_large", "all `files` together have \(total) bytes; at most 512 KiB are allowed",
                at: field.mark, field.path)
        }
        return specs.sorted { $0.target < $1.target }
    }

    private func file(_ entry: YAMLEntry, path: String, mounts: [String]) -> FileSpec? {
        guard Grammar.containerPath(entry.key) else {
            error(
                "bad_path",
                "`\(Printable.text(entry.key))` must be an absolute path in the container, without `..` and"
                    + " not below `/proc`, `/sys` or `/dev`", at: entry.keyMark, path)
            return nil
        }
        if let mount = mounts.first(where: { entry.key == $0 || entry.key.hasPrefix("\($0)/") }) {
            error(
                "file_in_volume",
                "`\(Printable.text(entry.key))` lies in the volume at `\(mount)`, where files of the app"
                    + " do not belong; choose another place", at: entry.keyMark, path)
        }
        let field = Field(node: entry.value, path: path)
        guard let (source, bytes) = read(field, atMost: 64 << 10) else { return nil }
        return FileSpec(target: entry.key, source: source, content: FileContent(Data(bytes)))
    }

    /// The content of a file named relative to the file in which its name stands.
    func read(_ field: Field, atMost limit: Int) -> (path: String, bytes: [UInt8])? {
        guard let relative = text(field, wanted: "a path relative to this file") else { return nil }
        guard let path = SpecPaths.resolve(relative, from: field.mark.source.path) else {
            error(
                "bad_path",
                "`\(Printable.text(relative))` must be a path to a file of this repository, relative to this"
                    + " file", at: field.mark, field.path)
            return nil
        }
        switch files.content(of: path, atMost: limit) {
        case .content(let bytes): return (path, bytes)
        case .problem(let problem):
            error("unreadable_file", problem, at: field.mark, field.path)
            return nil
        }
    }

    private func environment(_ top: Fields, _ interpolation: Interpolation) -> [String: String] {
        var env: [String: String] = [:]
        for item in list(top["env_files"], limit: 32) ?? [] {
            readEnvironment(item, interpolation, into: &env)
        }
        guard let field = top["env"], let entries = map(field) else { return env }
        for entry in entries {
            let path = join(field.path, entry.key)
            guard isVariable(entry.key, at: entry.keyMark, path) else { continue }
            let value = Field(node: entry.value, path: path)
            guard case .scalar(let text, _) = entry.value.content, !entry.value.isNull, !text.utf8.contains(0)
            else {
                if entry.value.isNull {
                    error(
                        "missing_value", "`\(entry.key)` has no value; write `\"\"` for an empty one",
                        at: entry.keyMark, path)
                } else {
                    wrongType(value, wanted: "text, a number or a boolean")
                }
                continue
            }
            do {
                env[entry.key] = try interpolation.fill(text)
            } catch {
                self.error(error.code, "`\(path)`: \(error.message)", at: value.mark, path)
            }
        }
        if env.count > 1_000 {
            error(
                "out_of_range", "there are \(env.count) variables; at most 1000 are allowed", at: field.mark,
                field.path)
        }
        return env
    }

    private func isVariable(_ key: String, at mark: SourceMark, _ path: String) -> Bool {
        guard Grammar.variable(key) else {
            error(
                "bad_variable_name",
                "`\(Printable.text(key))` is not a name for a variable; use letters, digits, `_`, `.` and `-`, and no"
                    + " digit first", at: mark, path)
            return false
        }
        guard !key.hasPrefix("SLIPWAY_") else {
            error(
                "reserved_name",
                "`\(Printable.text(key))`: names with `SLIPWAY_` are set by Slipway; choose another",
                at: mark, path)
            return false
        }
        return true
    }

    private func readEnvironment(
        _ field: Field, _ interpolation: Interpolation, into env: inout [String: String]
    ) {
        guard let (path, bytes) = read(field, atMost: 64 << 10) else { return }
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            error(
                "not_utf8", "`\(Printable.text(path, limit: 200))` is not UTF-8 text", at: field.mark,
                field.path)
            return
        }
        let (lines, problems) = DotEnv.parse(text)
        // The lines themselves are not shown: such files hold what is not for logs.
        func report(_ code: String, _ message: String, line: Int, column: Int) {
            findings.add(
                Diagnostic(
                    code: code, message: message, path: path, line: line, column: column, keyPath: field.path)
            )
        }
        for problem in problems {
            report("bad_env_file", problem.message, line: problem.line, column: problem.column)
        }
        for line in lines {
            if line.key.hasPrefix("SLIPWAY_") {
                report(
                    "reserved_name", "names with `SLIPWAY_` are set by Slipway; choose another",
                    line: line.line, column: 1)
            }
            do {
                env[line.key] = line.isLiteral ? line.value : try interpolation.fill(line.value)
            } catch {
                report(error.code, error.message, line: line.line, column: 1)
            }
        }
    }
}
