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
