internal import Model
internal import SpecLoading

extension ComposeReader {
    mutating func scale(
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

    mutating func restart(_ node: ForeignNode, _ path: String) -> String? {
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
