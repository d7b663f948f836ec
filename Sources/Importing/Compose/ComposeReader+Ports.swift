internal import Model
internal import SpecLoading

extension ComposeReader {
    mutating func ports(
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
    mutating func labels(
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
}
