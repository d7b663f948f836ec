internal import Model
internal import SpecLoading

extension ComposeReader {
    mutating func dependencies(_ node: ForeignNode?, _ path: String, _ app: inout AppDraft) {
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

    mutating func network(_ node: ForeignNode, _ path: String, _ app: inout AppDraft) {
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

    mutating func profiles(_ node: ForeignNode?, _ path: String, _ web: inout AppDraft.Process) {
        guard let node, node.items?.isEmpty == false || node.text != nil else { return }
        web.replicas = 0
        // A host name that leads nowhere is refused.
        web.domains = []
        notes.note(
            node, "profiles",
            "a service with profiles is not started by default: it has `replicas: 0`; give it more to run it",
            keyPath: "\(path).profiles")
    }
}
