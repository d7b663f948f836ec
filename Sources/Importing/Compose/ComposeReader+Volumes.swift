internal import Model
internal import SpecLoading

extension ComposeReader {
    mutating func volumes(
        _ node: ForeignNode, _ path: String, _ web: inout AppDraft.Process, _ app: inout AppDraft
    ) {
        for (index, item) in (node["volumes"]?.items ?? []).enumerated() {
            let keyPath = "\(path).volumes[\(index)]"
            guard let mount = mount(item, keyPath, &app) else { continue }
            take(mount, item, keyPath, &web, &app)
        }
    }

    private struct Mount {
        /// `nil`: a volume without a name.
        var source: String?
        var target: String
        var isReadOnly = false
        var isBind = false
    }

    private mutating func mount(_ node: ForeignNode, _ keyPath: String, _ app: inout AppDraft) -> Mount? {
        guard node.entries == nil else { return longMount(node, keyPath, &app) }
        guard let text = filled(node, keyPath, app: &app) else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 1 else { return Mount(target: text) }
        let modes = parts.count > 2 ? parts[2].split(separator: ",") : []
        let isPath = parts[0].hasPrefix("/") || parts[0].hasPrefix(".") || parts[0].hasPrefix("~")
        return Mount(source: parts[0], target: parts[1], isReadOnly: modes.contains("ro"), isBind: isPath)
    }

    private mutating func longMount(_ node: ForeignNode, _ keyPath: String, _ app: inout AppDraft) -> Mount? {
        let type = node["type"]?.text ?? "volume"
        guard type == "bind" || type == "volume",
            let target = filled(node["target"], "\(keyPath).target", app: &app)
        else {
            notes.toDo(
                node, "mount_type", "a mount of type `\(type)` has no counterpart", keyPath: keyPath,
                app: &app)
            return nil
        }
        let source = filled(node["source"], "\(keyPath).source", app: &app)
        if source == nil, node["source"] != nil { return nil }
        return Mount(
            source: source, target: target, isReadOnly: node["read_only"]?.flag == true,
            isBind: type == "bind")
    }

    private mutating func take(
        _ mount: Mount, _ node: ForeignNode, _ keyPath: String, _ web: inout AppDraft.Process,
        _ app: inout AppDraft
    ) {
        var target = mount.target
        while target.count > 1, target.hasSuffix("/") { target.removeLast() }
        guard !mount.isBind else {
            bind(mount.source ?? "", to: target, node, keyPath, &app)
            return
        }
        let isOver = web.mounts.contains { existing in
            let other = existing.split(separator: ":").dropFirst().first.map(String.init) ?? ""
            return other == target || other.hasPrefix("\(target)/") || target.hasPrefix("\(other)/")
        }
        guard !isOver else {
            notes.toDo(
                node, "nested_mounts", "two mounts lie over each other; put them into one volume",
                keyPath: keyPath, app: &app)
            return
        }
        if mount.source == nil {
            notes.note(
                node, "anonymous_volume", "the volume has a name now, and is never deleted by Slipway",
                keyPath: keyPath)
        }
        if let source = mount.source, let declared = root["volumes"]?[source],
            declared.entries?.isEmpty == false
        {
            tellVolume(declared, source, &app)
        }
        if let source = mount.source { tellShared(source, node, keyPath, &app) }
        let name = app.volume(mount.source ?? target)
        web.mounts.append("\(name):\(target)\(mount.isReadOnly ? ":ro" : "")")
    }

    /// A volume belongs to one app.
    private mutating func tellShared(
        _ source: String, _ node: ForeignNode, _ keyPath: String, _ app: inout AppDraft
    ) {
        let users = volumeUsers[source] ?? []
        guard users.count > 1 else { return }
        let names = users.sorted().map { "`\($0)`" }.joined(separator: ", ")
        notes.toDo(
            node, "shared_volume",
            "\(names) share the volume `\(source)`, and a volume belongs to one app: each has its own now. Make them processes"
                + " of one app if they have the same image, or let one ask the other",
            keyPath: keyPath, app: &app)
    }

    /// Which services mount each named volume.
    static func volumeUsers(_ services: [ForeignEntry]) -> [String: Set<String>] {
        var users: [String: Set<String>] = [:]
        for service in services {
            for item in service.value["volumes"]?.items ?? [] {
                let source =
                    item["source"]?.text ?? item.text?.split(separator: ":").first.map(String.init) ?? ""
                guard let first = source.first, first.isLetter || first.isNumber else { continue }
                users[source, default: []].insert(service.key)
            }
        }
        return users
    }

    private mutating func tellVolume(_ node: ForeignNode, _ name: String, _ app: inout AppDraft) {
        let isPlain = (node.entries ?? []).allSatisfy { entry in
            (entry.key == "driver" && entry.value.text == "local") || entry.key == "labels"
        }
        guard !isPlain else { return }
        notes.toDo(
            node, "volume_options",
            "a volume belongs to its app and has no driver, options or other name: copy the data into the new volume"
                + " `PREFIX\(app.name)-\(Names.name(name, orElse: "data"))` before the app is started",
            keyPath: "volumes.\(name)", app: &app)
    }

    /// A path of the host: a small file beside ours is taken over, anything else is not.
    private mutating func bind(
        _ source: String, to target: String, _ node: ForeignNode, _ keyPath: String, _ app: inout AppDraft
    ) {
        if source.hasSuffix("docker.sock") {
            notes.toDo(
                node, "engine_socket",
                "the engine's socket is never given to an instance, as it would own the host",
                keyPath: keyPath, app: &app)
            return
        }
        if ["/etc/localtime", "/etc/timezone"].contains(source) {
            notes.note(
                node, "local_time", "instances run in UTC; set `TZ` in `env` for another zone",
                keyPath: keyPath)
            return
        }
        if takeFile(source, to: target, node, keyPath, &app) { return }
        notes.toDo(
            node, "bind_mount",
            "paths of the host are not mounted: small files go into `files`, data into a volume (copy it there), and"
                + " code into the image; or `host_paths`, if the project may have the path",
            keyPath: keyPath, app: &app)
    }

    /// Whether `source` is a text file that `files` takes.
    private mutating func takeFile(
        _ source: String, to target: String, _ node: ForeignNode, _ keyPath: String, _ app: inout AppDraft
    ) -> Bool {
        guard !source.hasPrefix("/"), !source.hasPrefix("~"), let bytes = try? read(source),
            bytes.count <= 64 << 10
        else { return false }
        let name = source.split(separator: "/").last.map(String.init) ?? "file"
        if Secrets.isSecret(name.replacing(".", with: "_"), value: nil) || name.hasSuffix(".key")
            || name.hasSuffix(".pem")
        {
            notes.toDo(
                node, "secret_file",
                "this looks like a secret and is not copied; make it a variable and name it in `secrets`",
                keyPath: keyPath, app: &app)
            return true
        }
        let path = "\(app.name)/\(name)"
        let isTaken = files.contains { $0.path == path && $0.bytes != bytes }
        let free = isTaken ? "\(app.name)/\(files.count)-\(name)" : path
        files.append(ImportedFile(path: free, bytes: bytes))
        app.files[target] = free
        notes.note(
            node, "file_copied", "the file is copied to `\(free)` and part of the release now",
            keyPath: keyPath)
        return true
    }

    mutating func configs(
        _ node: ForeignNode?, _ path: String, _ web: inout AppDraft.Process, _ app: inout AppDraft
    ) {
        for item in node?.items ?? [] {
            let name = item.text ?? item["source"]?.text ?? ""
            let target = item["target"]?.text ?? "/\(name)"
            let keyPath = "\(path).configs.\(name)"
            let config = root["configs"]?[name]
            if let content = config?["content"]?.text {
                let file = "\(app.name)/\(Names.name(name, orElse: "config"))"
                files.append(ImportedFile(path: file, bytes: Array(variables.fill(content).text.utf8)))
                app.files[target] = file
            } else if let source = config?["file"]?.text, takeFile(source, to: target, item, keyPath, &app) {
                continue
            } else {
                notes.toDo(
                    item, "config",
                    "the config cannot be read here; put the file beside the spec and name it in `files`",
                    keyPath: keyPath, app: &app)
            }
        }
    }

    /// Secrets of Compose are files; ours are variables.
    mutating func secrets(_ node: ForeignNode?, _ path: String, _ app: inout AppDraft) {
        for item in node?.items ?? [] {
            let name = item.text ?? item["source"]?.text ?? ""
            notes.toDo(
                item, "secret_file",
                "secrets are variables, not files below /run/secrets: let the app read a variable, and name that in `secrets`",
                keyPath: "\(path).secrets.\(name)", app: &app)
        }
    }
}
