internal import Model
internal import SpecLoading

extension KamalReader {
    struct Role {
        var name: String
        var node: ForeignNode?
        var keyPath: String
        var hosts: Int
        var place: ForeignNode
        /// The one that has the proxy unless something else is said.
        var isPrimary = false
    }

    /// Roles as they are written; a bare list of servers is the role `web`.
    func roles() -> [Role] {
        let primary = root["primary_role"]?.text ?? "web"
        guard let servers = root["servers"], !servers.isNull else {
            return [Role(name: "web", node: nil, keyPath: "servers", hosts: 1, place: root, isPrimary: true)]
        }
        if let hosts = servers.items {
            return [
                Role(
                    name: "web", node: nil, keyPath: "servers", hosts: hosts.count, place: servers,
                    isPrimary: true)
            ]
        }
        let entries = servers.entries ?? []
        return entries.enumerated().map { index, entry in
            let hosts = entry.value.items ?? entry.value["hosts"]?.items ?? []
            let isPrimary =
                entry.key == primary || (index == 0 && !entries.contains { $0.key == primary })
            return Role(
                name: entry.key, node: entry.value.entries == nil ? nil : entry.value,
                keyPath: "servers.\(entry.key)", hosts: hosts.count, place: entry.keyNode,
                isPrimary: isPrimary)
        }
    }

    mutating func role(_ role: Role, isFirst: Bool, _ app: inout AppDraft) {
        var process = AppDraft.Process()
        let name = Names.name(role.name, orElse: "process")
        if name != role.name {
            notes.note(role.place, "renamed", "the process is called `\(name)`", keyPath: role.keyPath)
        }
        for entry in role.node?.entries ?? [] {
            tell(entry, KamalKeys.role, keyPath: "\(role.keyPath).\(entry.key)", &app)
        }
        if role.hosts > 1 {
            process.replicas = role.hosts
            notes.note(
                role.place, "hosts",
                "it ran once on each of \(role.hosts) hosts: it has as many `replicas` on the controller's one engine now",
                keyPath: role.keyPath)
        }
        if let command = plain(role.node?["cmd"], "\(role.keyPath).cmd", &app) {
            process.command = ShellWords.split(command) ?? ["sh", "-c", command]
        }
        process.stopGracePeriod = seconds(
            role.node?["stop_wait_time"], "\(role.keyPath).stop_wait_time", &app)
        options(role.node?["options"], "\(role.keyPath).options", &process, &app)
        roleVariables(role, &app)
        volumes(root["volumes"], "volumes", &process, &app, tells: isFirst)
        proxy(of: role, &process, &app)
        app.processes[name] = process
    }

    /// A role's own variables; an app has one `env` for all of its processes.
    private mutating func roleVariables(_ role: Role, _ app: inout AppDraft) {
        guard let env = role.node?["env"], env.entries?.isEmpty == false else { return }
        var own = AppDraft(name: app.name)
        environment(env, "\(role.keyPath).env", &own)
        let differing = own.env.filter { key, value in app.env[key].map { $0 != value } ?? false }.keys
            .sorted()
        notes.toDo(
            env, "role_env",
            differing.isEmpty
                ? "all processes of an app have the same `env`: what is set for this role alone is set for all now"
                : "all processes of an app have the same `env`: \(differing.map { "`\($0)`" }.joined(separator: ", "))"
                    + " has another value for the whole app, which holds; make this role an app of its own",
            keyPath: "\(role.keyPath).env", app: &app, showsLine: false)
        for (key, value) in own.env where app.env[key] == nil { app.env[key] = value }
        app.secrets.formUnion(own.secrets)
        app.toDo += own.toDo
    }

    /// Options of `docker run`.
    mutating func options(
        _ node: ForeignNode?, _ path: String, _ process: inout AppDraft.Process, _ app: inout AppDraft
    ) {
        for entry in node?.entries ?? [] {
            let keyPath = "\(path).\(entry.key)"
            switch entry.key {
            case "cpus":
                if let text = plain(entry.value, keyPath, &app) {
                    process.resources.add("cpus", .literal(text))
                }
            case "memory", "m":
                if let text = plain(entry.value, keyPath, &app) {
                    process.resources.add("memory", .text(text))
                }
            case "restart": process.restart = plain(entry.value, keyPath, &app)
            case "publish":
                notes.toDo(
                    entry.keyNode, "host_port",
                    "ports of the host have no counterpart; visitors come through the edge",
                    keyPath: keyPath, app: &app)
            default:
                let fate = ComposeKeys.service[entry.key.replacing("-", with: "_")]
                notes.toDo(
                    entry.keyNode, "option",
                    fate?.message ?? "this option of `docker run` has no counterpart",
                    keyPath: keyPath, app: &app)
            }
        }
    }

    mutating func volumes(
        _ node: ForeignNode?, _ path: String, _ process: inout AppDraft.Process, _ app: inout AppDraft,
        tells: Bool = true
    ) {
        for (index, item) in (node?.items ?? []).enumerated() {
            let keyPath = "\(path)[\(index)]"
            guard let text = plain(item, keyPath, &app) else { continue }
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count > 1, let first = parts[0].first, first != "/", first != ".", first != "~" else {
                if tells {
                    notes.toDo(
                        item, "bind_mount",
                        "paths of the host are not mounted: put the data into a volume, or use `host_paths` if the"
                            + " project may have the path",
                        keyPath: keyPath,
                        app: &app)
                }
                continue
            }
            let isReadOnly = parts.count > 2 && parts[2].split(separator: ",").contains("ro")
            process.mounts.append("\(app.volume(parts[0])):\(parts[1])\(isReadOnly ? ":ro" : "")")
            if tells {
                notes.note(
                    item, "volume",
                    "a volume belongs to its app: copy the data into the new one before the app is started",
                    keyPath: keyPath)
            }
        }
    }

    // MARK: The proxy

    private mutating func proxy(of role: Role, _ process: inout AppDraft.Process, _ app: inout AppDraft) {
        let own = role.node?["proxy"]
        if own?.flag == false { return }
        let isAsked = own?.flag == true || own?.entries != nil
        guard role.isPrimary || isAsked, root["proxy"]?.flag != false else { return }
        var node = root["proxy"]
        if let own, own.entries != nil { node = node.map { Merging.over($0, with: own) } ?? own }
        proxy(node, own?.entries == nil ? "proxy" : "\(role.keyPath).proxy", &process, &app)
    }

    mutating func proxy(
        _ node: ForeignNode?, _ path: String, _ process: inout AppDraft.Process, _ app: inout AppDraft
    ) {
        for entry in node?.entries ?? [] {
            tell(entry, KamalKeys.proxy, keyPath: "\(path).\(entry.key)", &app)
        }
        let port = plain(node?["app_port"], "\(path).app_port", &app).flatMap { Int($0) }
        process.port = process.port ?? port ?? 80
        domains(node, path, &process, &app)
        let check = node?["healthcheck"]
        if check?.flag != false {
            process.healthcheck.add(
                "path", text: plain(check?["path"], "\(path).healthcheck.path", &app) ?? "/up")
            for key in ["interval", "timeout"] {
                let span = seconds(check?[key], "\(path).healthcheck.\(key)", &app)
                if let span, span >= .milliseconds(500) {
                    process.healthcheck.add(key, text: span.description)
                }
            }
        }
        if let span = seconds(node?["response_timeout"], "\(path).response_timeout", &app),
            span >= .seconds(1)
        {
            process.edge.add("timeout", text: span.description)
        }
        let limit = node?["buffering"]?["max_request_body"]
        if let text = plain(limit, "\(path).buffering.max_request_body", &app) {
            process.edge.add("max_body", text: text.replacing("_", with: ""))
        }
        if node?["buffering"] != nil, limit == nil {
            notes.note(
                node?["buffering"] ?? root, "buffering",
                "the edge does not buffer; only `edge.max_body` limits requests",
                keyPath: "\(path).buffering")
        }
    }

    private mutating func domains(
        _ node: ForeignNode?, _ path: String, _ process: inout AppDraft.Process, _ app: inout AppDraft
    ) {
        var hosts = (node?["hosts"]?.items ?? []).compactMap(\.text)
        if let host = plain(node?["host"], "\(path).host", &app) {
            hosts += host.split(separator: ",").map { String($0.filter { $0 != " " }) }
        }
        let prefix = plain(node?["path_prefix"], "\(path).path_prefix", &app)
        for host in hosts {
            var domain = SpecDraft()
            domain.add("host", text: host.lowercased())
            domain.add("path", text: prefix)
            process.domains.append(prefix == nil ? .text(host.lowercased()) : domain.value)
        }
        if let prefix, node?["strip_path_prefix"]?.flag != false {
            notes.toDo(
                node?["path_prefix"] ?? root, "path_prefix",
                "the instance sees the whole path: Kamal took `\(prefix)` off, and the app has to take it now",
                keyPath: "\(path).path_prefix", app: &app)
        }
        guard !hosts.isEmpty else {
            if let node {
                notes.note(node, "no_host", "no host is named, so the app has no `domains`", keyPath: path)
            }
            return
        }
        if let ssl = node?["ssl"], ssl.flag != true {
            if ssl.entries != nil {
                notes.toDo(
                    ssl, "certificate",
                    "own certificates stand in the controller's configuration, as `edge.certificates`",
                    keyPath: "\(path).ssl", app: &app, showsLine: false)
            } else {
                process.edge.add("https", text: "off")
            }
        } else if node?["ssl"] == nil {
            process.edge.add("https", text: "off")
        }
    }
}
