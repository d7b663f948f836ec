public import Model

/// What the configuration lets the specs of one source do.
public struct SourceRules: Sendable, Hashable {
    /// Projects that specs may name.
    public var projects: Set<ProjectName>
    public var policy: ProjectPolicy

    /// - Parameter projects: the source's own, and further ones that it may use.
    public init(projects: Set<ProjectName>, policy: ProjectPolicy) {
        self.projects = projects
        self.policy = policy
    }
}

extension SpecDecoder {
    /// The rules of the project, each at the place of the spec that goes against it.
    func checkProject(
        _ top: Fields, project: ProjectName, image: String?, processes: [ProcessSpec], deploy: DeploySpec
    ) {
        guard let rules else { return }
        checkHostAccess(of: project, rules.policy[project], processes, at: top)
        guard rules.policy.isSeparate else { return }
        guard rules.projects.contains(project), let allowed = rules.policy[project] else {
            let names = rules.projects.sorted().map { "`\($0)`" }.joined(separator: ", ")
            let field = top["project"]
            return error(
                "project_not_allowed",
                "specs of this source may not be in the project `\(project)`; the configuration of the controller"
                    + " allows \(names)", at: field?.mark ?? top.mark, "project")
        }
        if let image { checkImage(image, of: project, allowed, at: top) }
        checkDomains(of: project, allowed, processes, deploy, at: top)
        checkLimits(of: project, allowed.quota, processes, at: top)
    }

    private func checkImage(_ image: String, of project: ProjectName, _ rules: ProjectRules, at top: Fields) {
        let mark = top["image"]?.mark ?? top.mark
        if let patterns = rules.images, !patterns.contains(where: { $0.allows(image) }) {
            error(
                "image_not_allowed",
                "`\(Printable.text(ImageRepository.of(image)))` is no image that apps of the project `\(project)` may run;"
                    + " allowed is \(Self.list(patterns.map(\.description)))", at: mark, "image")
        }
        if rules.requiresDigests, !image.contains("@sha256:") {
            error(
                "digest_required",
                "apps of the project `\(project)` name their image by digest, as `NAME@sha256:…`: a tag may be moved",
                at: mark, "image")
        }
    }

    private func checkDomains(
        of project: ProjectName, _ rules: ProjectRules, _ processes: [ProcessSpec], _ deploy: DeploySpec,
        at top: Fields
    ) {
        guard let patterns = rules.domains else { return }
        func check(_ host: String, _ mark: SourceMark, _ path: String) {
            guard !patterns.contains(where: { $0.allows(host) }) else { return }
            error(
                "domain_not_allowed",
                "`\(host)` is no domain that apps of the project `\(project)` may have; allowed is"
                    + " \(Self.list(patterns.map(\.description)))", at: mark, path)
        }
        for process in processes {
            let node = node(of: process.name, at: top)
            let path = node == nil ? "domains" : "processes.\(process.name).domains"
            let list = (node.map { $0["domains"] } ?? top["domains"]?.node)
            for domain in process.effectiveDomains {
                check(domain.host, Self.mark(of: domain.host, in: list) ?? list?.mark ?? top.mark, path)
            }
        }
        if let preview = deploy.preview {
            let field = top["deploy"]
            check(preview, field?.node["preview"]?.mark ?? field?.mark ?? top.mark, "deploy.preview")
        }
    }

    /// A quota of something that a process has without limit would be none.
    private func checkLimits(
        of project: ProjectName, _ quota: ProjectQuota, _ processes: [ProcessSpec], at top: Fields
    ) {
        for process in processes where process.effectiveReplicas > 0 {
            let node = node(of: process.name, at: top)
            let resources = node.map { $0["resources"] } ?? top["resources"]?.node
            let path = node == nil ? "resources" : "processes.\(process.name).resources"
            func require(_ key: String, _ isThere: Bool, _ limit: Int64?) {
                guard limit != nil, !isThere else { return }
                error(
                    "limit_required",
                    "the project `\(project)` has a quota of \(key), so `\(process.name)` must say how much it takes at"
                        + " most: `resources: {\(key): …}`", at: resources?.mark ?? node?.mark ?? top.mark,
                    "\(path).\(key)")
            }
            require("cpus", process.resources?.nanoCPUs != nil, quota.nanoCPUs)
            require("memory", process.resources?.memoryInBytes != nil, quota.memoryInBytes)
        }
    }

    /// `nil`: the process is the top of the spec.
    private func node(of process: ProcessName, at top: Fields) -> YAMLNode? {
        top["processes"]?.node.entries?.first { $0.key == process.rawValue }?.value
    }

    private static func mark(of host: String, in list: YAMLNode?) -> SourceMark? {
        guard case .sequence(let nodes)? = list?.content else { return nil }
        return nodes.lazy.compactMap { $0["host"] ?? $0 }.first { node in
            if case .scalar(let text, _) = node.content { return text == host }
            return false
        }?.mark
    }

    private static func list(_ patterns: [String]) -> String {
        patterns.isEmpty ? "none" : patterns.map { "`\($0)`" }.joined(separator: ", ")
    }
}
