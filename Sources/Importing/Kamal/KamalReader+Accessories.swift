internal import Model
internal import SpecLoading

extension KamalReader {
    /// An accessory is an app of its own. Others reach it under the name that its container had.
    mutating func accessory(_ entry: ForeignEntry) {
        let path = "accessories.\(entry.key)"
        let node = entry.value
        let old = node["service"]?.text ?? "\(service)-\(entry.key)"
        let wanted = Names.name(old, orElse: "accessory")
        let isTaken = drafts.contains { $0.name == wanted }
        var app = AppDraft(
            name: isTaken ? Names.name("\(service)-\(entry.key)", orElse: "accessory") : wanted)
        app.project = project
        if app.name != old {
            notes.toDo(
                entry.keyNode, "renamed",
                "the app is called `\(app.name)`: change it where others ask for `\(old)`", keyPath: path,
                app: &app)
        }
        for key in node.entries ?? [] { tell(key, KamalKeys.accessory, keyPath: "\(path).\(key.key)", &app) }
        if let hosts = node["hosts"] ?? node["roles"] ?? node["tags"], (hosts.items?.count ?? 0) > 1 {
            notes.note(
                hosts, "hosts",
                "it ran on several hosts; one instance runs on the controller's one engine now",
                keyPath: path)
        }
        var process = AppDraft.Process()
        app.image = plain(node["image"], "\(path).image", &app)
        if let command = plain(node["cmd"], "\(path).cmd", &app) {
            process.command = ShellWords.split(command) ?? ["sh", "-c", command]
        }
        port(node["port"], "\(path).port", &process, &app)
        options(node["options"], "\(path).options", &process, &app)
        environment(node["env"], "\(path).env", &app)
        volumes(node["volumes"], "\(path).volumes", &process, &app)
        directories(node["directories"], "\(path).directories", &process, &app)
        copyFiles(node["files"], "\(path).files", &app)
        if let proxy = node["proxy"] { self.proxy(proxy, "\(path).proxy", &process, &app) }
        app.processes["web"] = process
        drafts.append(app)
    }

    private mutating func port(
        _ node: ForeignNode?, _ keyPath: String, _ process: inout AppDraft.Process, _ app: inout AppDraft
    ) {
        guard let node, let text = plain(node, keyPath, &app) else { return }
        process.port = text.split(separator: ":").last.flatMap { Int($0) }
        notes.note(
            node, "host_port",
            "the port is not opened on the host; other apps of the project reach it as `\(app.name):\(process.port ?? 0)`",
            keyPath: keyPath)
    }

    private mutating func directories(
        _ node: ForeignNode?, _ path: String, _ process: inout AppDraft.Process, _ app: inout AppDraft
    ) {
        for (index, item) in (node?.items ?? []).enumerated() {
            let keyPath = "\(path)[\(index)]"
            let text = plain(item, keyPath, &app) ?? plain(item["local"], keyPath, &app) ?? ""
            let parts = text.split(separator: ":").map(String.init)
            guard parts.count > 1 else { continue }
            process.mounts.append("\(app.volume(parts[0])):\(parts[1])")
            notes.toDo(
                item, "directory",
                "a directory of the host is a volume now: copy the data into it before the app is started",
                keyPath: keyPath, app: &app)
        }
    }

    private mutating func copyFiles(_ node: ForeignNode?, _ path: String, _ app: inout AppDraft) {
        for (index, item) in (node?.items ?? []).enumerated() {
            let keyPath = "\(path)[\(index)]"
            let text = plain(item, keyPath, &app) ?? plain(item["local"], keyPath, &app) ?? ""
            let parts = text.split(separator: ":").map(String.init)
            guard parts.count > 1, let name = parts[0].split(separator: "/").last else { continue }
            guard let bytes = try? read(parts[0]), bytes.count <= 64 << 10 else {
                notes.toDo(
                    item, "file",
                    "the file cannot be read here; put it beside the spec and name it in `files`",
                    keyPath: keyPath, app: &app)
                continue
            }
            let copy = "\(app.name)/\(name)"
            files.append(ImportedFile(path: copy, bytes: bytes))
            app.files[parts[1]] = copy
            notes.note(
                item, "file_copied", "the file is copied to `\(copy)` and part of the release now",
                keyPath: keyPath)
        }
    }
}
