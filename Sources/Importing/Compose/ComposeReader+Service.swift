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

    // MARK: Ports, names

    private mutating func ports(
        _ node: ForeignNode, _ path: String, _ web: inout AppDraft.Process, _ app: inout AppDraft
    ) {
        var inside: [Int] = []
        for (index, item) in (node["ports"]?.items ?? []).enumerated() {
            let keyPath = "\(path).ports[\(index)]"
            guard let port = port(item, keyPath, &app) else { continue }
            if !inside.contains(port) { inside.append(port) }
        }
        if let first = node["ports"], !inside.isEmpty {
            notes.toDo(
                first, "host_port",
                "ports of the host have no counterpart: visitors come through the edge, which needs `domains`; other apps"
                    + " reach it as `\(app.name):\(inside[0])`",
                keyPath: "\(path).ports", app: &app)
        }
        for (index, item) in (node["expose"]?.items ?? []).enumerated() {
            guard let text = filled(item, "\(path).expose[\(index)]", app: &app) else { continue }
            let number = text.split(separator: "/").first.flatMap { Int($0) }
            if let number, !inside.contains(number) { inside.append(number) }
        }
        web.port = inside.first
        if inside.count > 1, let list = node["ports"] ?? node["expose"] {
            let others = inside.dropFirst().map(String.init).joined(separator: ", ")
            notes.toDo(
                list, "several_ports",
                "a process has one `port`, which is \(inside[0]) now; \(others) can be reached by other apps, but gets"
                    + " neither a check nor a domain",
                keyPath: "\(path).ports", app: &app)
        }
    }

    /// The port inside the container.
    private mutating func port(_ node: ForeignNode, _ keyPath: String, _ app: inout AppDraft) -> Int? {
        let text: String
        if node.entries != nil {
            guard let target = filled(node["target"], "\(keyPath).target", app: &app) else { return nil }
            text = target + (node["protocol"]?.text.map { "/\($0)" } ?? "")
        } else {
            guard let short = filled(node, keyPath, app: &app) else { return nil }
            text = short
        }
        let parts = text.split(separator: "/", maxSplits: 1)
        if parts.count == 2, parts[1] != "tcp" {
            notes.toDo(
                node, "protocol", "only TCP is served: `\(parts[1])` has no counterpart", keyPath: keyPath,
                app: &app)
            return nil
        }
        let last = parts.first.flatMap { $0.split(separator: ":").last } ?? ""
        guard let number = Int(last), (1...65_535).contains(number) else {
            notes.toDo(
                node, "port_range", "a range of ports has no counterpart, as a process has one `port`",
                keyPath: keyPath,
                app: &app)
            return nil
        }
        return number
    }

    /// Host names that other proxies take from labels.
    private mutating func labels(
        _ node: ForeignNode?, _ path: String, _ web: inout AppDraft.Process, _ app: inout AppDraft
    ) {
        guard let node, !node.isNull else { return }
        var others = 0
        var hosts: [String] = []
        for (key, value) in pairs(node) {
            if key.hasPrefix("traefik."), key.hasSuffix(".rule") {
                hosts += Self.hosts(inRule: value)
            } else if key.hasPrefix("traefik."), key.hasSuffix(".loadbalancer.server.port"),
                let port = Int(value)
            {
                web.port = port
            } else if !key.hasPrefix("traefik.") {
                others += 1
            }
        }
        for host in hosts { web.domains.append(.text(host)) }
        if !hosts.isEmpty {
            notes.note(
                node, "domains",
                "`domains` is taken from the rules of Traefik; middlewares and certificates are not",
                keyPath: "\(path).labels")
        } else if others == 0 {
            notes.toDo(
                node, "proxy_labels",
                "rules of Traefik are not read by Slipway; write the host names as `domains`",
                keyPath: "\(path).labels", app: &app, showsLine: false)
        }
        if others > 0 {
            notes.note(
                node, "labels", "labels are not passed on", keyPath: "\(path).labels", showsLine: false)
        }
    }

    /// `Host(`a.example`) || Host(`b.example`)`.
    private static func hosts(inRule rule: String) -> [String] {
        rule.split(separator: "Host(", omittingEmptySubsequences: false).dropFirst().flatMap {
            part -> [String] in
            part.prefix { $0 != ")" }.split(separator: ",").map { host in
                String(host.filter { !"`\"' ".contains($0) }).lowercased()
            }
        }.filter { !$0.isEmpty }
    }

    /// A list of `KEY=VALUE`, or a map.
    func pairs(_ node: ForeignNode) -> [(String, String)] {
        if let entries = node.entries { return entries.map { ($0.key, $0.value.text ?? "") } }
        return (node.items ?? []).compactMap { item in
            guard let text = item.text else { return nil }
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
    }

    // MARK: Dependencies, networks, profiles

    private mutating func dependencies(_ node: ForeignNode?, _ path: String, _ app: inout AppDraft) {
        guard let node else { return }
        if let items = node.items {
            for item in items { depend(on: item.text ?? "", item, nil, path, &app) }
        }
        for entry in node.entries ?? [] { depend(on: entry.key, entry.keyNode, entry.value, path, &app) }
    }

    private mutating func depend(
        on service: String, _ node: ForeignNode, _ condition: ForeignNode?, _ path: String,
        _ app: inout AppDraft
    ) {
        let keyPath = "\(path).depends_on.\(service)"
        guard let name = names[service] else {
            notes.toDo(
                node, "unknown_service", "`\(service)` is not in this file; name the app once it is imported",
                keyPath: keyPath,
                app: &app)
            return
        }
        switch condition?["condition"]?.text {
        case "service_completed_successfully":
            notes.toDo(
                node, "one_off",
                "`\(service)` runs once and ends, and an app is there to stay: make it the `release` command of this app",
                keyPath: keyPath, app: &app)
            return
        case "service_started":
            notes.note(
                node, "stricter", "`depends_on` waits until `\(name)` has converged, not only started",
                keyPath: keyPath)
        default: break
        }
        if condition?["restart"]?.flag == true {
            notes.note(
                node, "not_taken_over", "the app is not restarted when `\(name)` is",
                keyPath: "\(keyPath).restart")
        }
        app.dependsOn.insert(name)
    }

    private mutating func network(_ node: ForeignNode, _ path: String, _ app: inout AppDraft) {
        if let mode = node["network_mode"], mode.text != "bridge", mode.text != "default" {
            notes.toDo(
                mode, "network_mode",
                "`network_mode: \(mode.text ?? "")` has no counterpart: every instance is in the network of its project",
                keyPath: "\(path).network_mode", app: &app)
        }
        if let networks = node["networks"], !networks.isNull {
            let names = networks.items?.compactMap(\.text) ?? networks.entries?.map(\.key) ?? []
            if names != ["default"] {
                notes.note(
                    networks, "networks",
                    "all apps of a project share one network; put apps apart by `project`",
                    keyPath: "\(path).networks")
            }
            for entry in networks.entries ?? [] {
                for alias in entry.value["aliases"]?.items ?? [] where alias.text != app.name {
                    notes.toDo(
                        alias, "alias",
                        "the app answers as `\(app.name)` alone: change it where others ask for this name",
                        keyPath: "\(path).networks.\(entry.key).aliases", app: &app)
                }
            }
        }
        for key in ["links", "external_links"] {
            for link in node[key]?.items ?? [] {
                let parts = (link.text ?? "").split(separator: ":")
                let service = parts.first.map(String.init) ?? ""
                if let name = names[service] { app.dependsOn.insert(name) }
                if key == "links", parts.count < 2, names[service] == service { continue }
                notes.toDo(
                    link, "link", "links have no counterpart: ask for the app by its own name",
                    keyPath: "\(path).\(key)",
                    app: &app)
            }
        }
        if let name = node["container_name"]?.text, Names.name(name, orElse: "") != app.name {
            notes.note(
                node["container_name"] ?? node, "container_name",
                "instances are named by Slipway; others reach the app as `\(app.name)`",
                keyPath: "\(path).container_name")
        }
    }

    private mutating func profiles(_ node: ForeignNode?, _ path: String, _ web: inout AppDraft.Process) {
        guard let node, node.items?.isEmpty == false || node.text != nil else { return }
        web.replicas = 0
        // A host name that leads nowhere is refused.
        web.domains = []
        notes.note(
            node, "profiles",
            "a service with profiles is not started by default: it has `replicas: 0`; give it more to run it",
            keyPath: "\(path).profiles")
    }

    // MARK: Scale, limits, restarts

    private mutating func scale(
        _ node: ForeignNode, _ path: String, _ web: inout AppDraft.Process, _ app: inout AppDraft
    ) {
        let deploy = node["deploy"]
        for entry in deploy?.entries ?? [] {
            tell(entry, ComposeKeys.deploy, keyPath: "\(path).deploy.\(entry.key)")
        }
        if let mode = deploy?["mode"], mode.text != "replicated" {
            notes.toDo(
                mode, "mode", "only a number of replicas can be asked for", keyPath: "\(path).deploy.mode",
                app: &app)
        }
        if let text = filled(deploy?["replicas"] ?? node["scale"], "\(path).deploy.replicas", app: &app) {
            web.replicas = Int(text)
        }
        let limits = deploy?["resources"]?["limits"]
        if let cpus = filled(limits?["cpus"] ?? node["cpus"], "\(path).cpus", app: &app) {
            web.resources.add("cpus", .literal(cpus))
        }
        if let memory = filled(limits?["memory"] ?? node["mem_limit"], "\(path).mem_limit", app: &app) {
            web.resources.add("memory", .text(memory))
        }
        if let reservations = deploy?["resources"]?["reservations"] {
            let wantsDevices = reservations["devices"] != nil
            notes.add(
                reservations.finding(
                    wantsDevices ? "no_counterpart" : "not_taken_over", wantsDevices ? .error : .warning,
                    wantsDevices
                        ? "devices cannot be given to instances; run it outside of Slipway"
                        : "nothing is reserved; only `resources.cpus` and `resources.memory` limit an instance",
                    keyPath: "\(path).deploy.resources.reservations"))
        }
        update(deploy?["update_config"], "\(path).deploy.update_config", &app)
    }

    private mutating func update(_ node: ForeignNode?, _ path: String, _ app: inout AppDraft) {
        guard let node else { return }
        let parallelism = node["parallelism"]?.text.flatMap { Int($0) } ?? 1
        if node["order"]?.text == "start-first" {
            app.deploy.add("max_surge", number: max(1, parallelism))
        } else {
            notes.note(
                node, "order", "new instances start beside the old ones, and those stop when they are proven",
                keyPath: "\(path).order")
        }
        for key in ["delay", "monitor", "max_failure_ratio", "failure_action"] where node[key] != nil {
            notes.note(
                node[key] ?? node, "not_taken_over",
                "a release is judged by `min_healthy_time` and its checks, and goes back by itself when it fails",
                keyPath: "\(path).\(key)")
        }
    }

    private mutating func restart(_ node: ForeignNode, _ path: String) -> String? {
        var text = node["restart"]?.text
        if let condition = node["deploy"]?["restart_policy"]?["condition"]?.text {
            text = ["none": "no", "any": "always"][condition] ?? condition
        }
        guard var text else { return nil }
        if node["restart"]?.flag == false { text = "no" }
        if text.hasPrefix("on-failure:") {
            text = "on-failure"
            notes.note(
                node["restart"] ?? node, "restart_limit", "the number of restarts cannot be limited",
                keyPath: "\(path).restart")
        }
        guard ["always", "unless-stopped", "on-failure", "no"].contains(text) else {
            notes.note(
                node["restart"] ?? node, "restart", "this is not a policy for restarts, and is left out",
                keyPath: "\(path).restart")
            return nil
        }
        return text
    }
}
