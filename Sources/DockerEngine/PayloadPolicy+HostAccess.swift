internal import Glibc
internal import Model

/// What of the host the configuration allows to a project, and to nobody without it.
extension PayloadPolicy {
    func checkCapabilities(_ asked: [JSONValue], labels: JSONValue?) throws(Violation) {
        guard !asked.isEmpty else { return }
        let (project, rules) = try owner(labels)
        for capability in asked {
            guard let name = capability.text, Capability.isName(name), rules.capabilities.contains(name)
            else {
                throw Violation(
                    reason: "HostConfig.CapAdd has a capability that the project \(project) may not have")
            }
        }
    }

    /// Exactly a path that is allowed, and no link that leads from there to another one.
    func checkHostPath(_ mount: JSONValue, labels: JSONValue?) throws(Violation) {
        guard let members = mount.members else { throw Violation(reason: "a mount is not an object") }
        try only(["Type", "Source", "Target", "ReadOnly"], in: members, at: "HostConfig.Mounts.")
        let (project, rules) = try owner(labels)
        guard let source = members["Source"]?.text, let target = members["Target"]?.text,
            Self.isPathInContainer(target)
        else { throw Violation(reason: "a mount's target is not an absolute path without '..'") }
        let asked = HostPath(source: source, target: target, isReadOnly: members["ReadOnly"] == .bool(true))
        guard rules.hostPaths.contains(where: { $0.allows(asked) }) else {
            throw Violation(
                reason: "only named volumes are mounted, no path of the host but those that the configuration"
                    + " allows to the project \(project)")
        }
        if let real = resolved(source), real != source {
            throw Violation(reason: "the path of the host \(source) is a link to \(real)")
        }
    }

    /// Each port of the host is one that is allowed, and exactly those of the container are exposed that one leads to.
    func checkPorts(
        _ bindings: JSONValue?, exposed: JSONValue?, labels: JSONValue?
    ) throws(Violation) {
        guard bindings != nil || exposed != nil else { return }
        guard let bindings = bindings?.members, let exposed = exposed?.members,
            Set(bindings.keys) == Set(exposed.keys),
            exposed.values.allSatisfy({ $0.members?.isEmpty == true })
        else { throw Violation(reason: "ExposedPorts are not those of HostConfig.PortBindings") }
        let (project, rules) = try owner(labels)
        for (inside, value) in bindings.sorted(by: { $0.key < $1.key }) {
            guard let asked = value.elements, !asked.isEmpty else {
                throw Violation(reason: "HostConfig.PortBindings.\(inside) is not a list of ports")
            }
            for binding in asked {
                try checkBinding(binding, to: inside, rules, project)
            }
        }
    }

    private func checkBinding(
        _ binding: JSONValue, to inside: String, _ rules: ProjectRules, _ project: ProjectName
    ) throws(Violation) {
        guard let members = binding.members else { throw Violation(reason: "a port is not an object") }
        try only(["HostIp", "HostPort"], in: members, at: "HostConfig.PortBindings.\(inside).")
        guard let address = members["HostIp"]?.text, let port = members["HostPort"]?.text,
            let asked = HostPort((address.isEmpty ? "" : "\(address):") + "\(port):\(inside)"),
            rules.hostPorts.contains(where: { $0.allows(asked.claim) })
        else {
            throw Violation(
                reason:
                    "HostConfig.PortBindings.\(inside) has a port of the host that the project \(project) may not have"
            )
        }
    }

    private func owner(_ labels: JSONValue?) throws(Violation) -> (ProjectName, ProjectRules) {
        guard let project = labels?.members?[LabelKey.project]?.text.flatMap(ProjectName.init) else {
            throw Violation(reason: "Labels name no project")
        }
        return (project, try rules(project))
    }

    @Sendable static func realPath(_ path: String) -> String? {
        guard let found = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }
}
