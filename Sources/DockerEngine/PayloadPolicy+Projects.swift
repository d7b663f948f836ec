internal import Model

/// The rules of projects, on what is sent to the engine: the spec was checked against them, and this does not trust it.
extension PayloadPolicy {
    func checkProject(ofContainer payload: [String: JSONValue]) throws(Violation) {
        let labels = payload["Labels"]?.members
        guard let project = labels?[LabelKey.project]?.text.flatMap(ProjectName.init),
            let app = labels?[LabelKey.app]?.text.flatMap(AppName.init)
        else { throw Violation(reason: "Labels name no project or no app") }
        let host = payload["HostConfig"]?.members ?? [:]
        if let naming {
            guard host["NetworkMode"]?.text == naming.network(project) else {
                throw Violation(reason: "HostConfig.NetworkMode is not the network of the project \(project)")
            }
        }
        guard projects.isSeparate else { return }
        let rules = try rules(project)
        try checkImage(payload["Image"]?.text ?? "", rules, project)
        try checkQuota(host, rules.quota, project, isWhole: true)
        for mount in host["Mounts"]?.elements ?? [] where mount.members?["Type"]?.text != "bind" {
            try checkVolume(mount.members?["Source"]?.text ?? "", of: app, rules, project)
        }
    }

    func checkProject(_ project: ProjectName?, ofUpdate payload: [String: JSONValue]) throws(Violation) {
        guard projects.isSeparate else { return }
        guard let project else { throw Violation(reason: "it is not known whose container it is") }
        try checkQuota(payload, try rules(project).quota, project, isWhole: false)
    }

    func checkName(ofNetwork name: String, labels: JSONValue?) throws(Violation) {
        guard let naming else { return }
        let project = labels?.members?[LabelKey.project]?.text.flatMap(ProjectName.init)
        guard let project, name == naming.network(project) else {
            throw Violation(reason: "Name is not that of the network of the project in its labels")
        }
    }

    func rules(_ project: ProjectName) throws(Violation) -> ProjectRules {
        guard let rules = projects[project] else {
            throw Violation(reason: "the configuration of the controller has no project \(project)")
        }
        return rules
    }

    private func checkImage(
        _ image: String, _ rules: ProjectRules, _ project: ProjectName
    ) throws(Violation) {
        guard let patterns = rules.images else { return }
        // An id alone says not where the image came from.
        guard ImageReference(image) != nil, patterns.contains(where: { $0.allows(image) }) else {
            throw Violation(
                reason: "Image is from none of the repositories that the project \(project) may run images of"
            )
        }
    }

    /// - Parameter isWhole: the payload says all there is, so what it does not limit has no limit.
    private func checkQuota(
        _ members: [String: JSONValue], _ quota: ProjectQuota, _ project: ProjectName, isWhole: Bool
    ) throws(Violation) {
        for (key, limit) in [("Memory", quota.memoryInBytes), ("NanoCpus", quota.nanoCPUs)] {
            guard let limit else { continue }
            guard let amount = members[key]?.amount else {
                guard isWhole else { continue }
                throw Violation(reason: "\(key) is missing, and the project \(project) has a quota of it")
            }
            guard amount <= Double(limit) else {
                throw Violation(reason: "\(key) is above the quota of the project \(project)")
            }
        }
    }

    private func checkVolume(
        _ name: String, of app: AppName, _ rules: ProjectRules, _ project: ProjectName
    ) throws(Violation) {
        guard let naming, !rules.existingVolumes.contains(name) else { return }
        // Apps that are older than the rules of their project have plain names.
        let isOwn = [nil, project].contains { scope in
            let stem = naming.scoped(to: scope).volumePrefix(of: app)
            return name.hasPrefix(stem) && VolumeName(String(name.dropFirst(stem.count))) != nil
        }
        guard isOwn else { throw Violation(reason: "a mount's source is not a volume of the app \(app)") }
    }
}
