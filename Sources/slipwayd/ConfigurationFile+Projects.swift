import Model
import SpecLoading

extension ConfigurationFile {
    private static let projectKeys = [
        "name", "domains", "images", "quota", "require_digests", "require_signed_commits", "existing_volumes",
        "capabilities", "host_paths", "host_ports"
    ]

    /// Call it when the sources have been read: each must be in a project that there is.
    static func readProjects(_ root: SettingsMap, into settings: inout DaemonSettings) {
        for map in root.maps("projects", keys: projectKeys) {
            guard let text = map.requiredText("name") else { continue }
            guard let name = ProjectName(text) else {
                map.refuse("name", "must be a name of a–z, 0–9 and -, at most 40 characters")
                continue
            }
            guard settings.projects[name] == nil else {
                map.refuse("name", "is `\(name)` for the second time")
                continue
            }
            settings.projects[name] = rules(map)
        }
        guard !settings.projects.isEmpty else { return }
        for source in settings.sources { check(source, settings, root) }
    }

    private static func check(
        _ source: DaemonSettings.Source, _ settings: DaemonSettings, _ root: SettingsMap
    ) {
        let names = [source.project ?? settings.defaultProject] + source.otherProjects
        for name in names.compactMap(ProjectName.init) {
            guard let rules = settings.projects[name] else {
                root.refuse("projects", "has no project `\(name)`, which the source `\(source.name)` uses")
                continue
            }
            if rules.requiresSignedCommits, source.verification == nil {
                root.refuse(
                    "projects",
                    "asks for signed commits in `\(name)`, and the source `\(source.name)` has no `verify`")
            }
        }
    }

    private static func rules(_ map: SettingsMap) -> ProjectRules {
        var rules = ProjectRules()
        rules.domains = patterns(map, "domains", "`shop.example.com` or `*.shop.example.com`") {
            DomainPattern($0)
        }
        rules.images = patterns(
            map, "images", "`registry.example.com/shop` or `registry.example.com/retail/*`"
        ) {
            ImagePattern($0)
        }
        rules.requiresDigests = map.flag("require_digests") ?? false
        rules.requiresSignedCommits = map.flag("require_signed_commits") ?? false
        rules.existingVolumes = Set(map.texts("existing_volumes"))
        rules.capabilities = Set(map.texts("capabilities"))
        for name in rules.capabilities.sorted() where !Capability.isName(name) {
            map.refuse("capabilities", "must be a list of such as `NET_ADMIN`, not `\(name)`")
        }
        // Unlike the others, what is left out is not allowed.
        rules.hostPorts =
            patterns(map, "host_ports", "`2222`, `8000-8100` or `53/udp`") { HostPortRule($0) } ?? []
        rules.hostPaths =
            patterns(map, "host_paths", "`/srv/media` or `/srv/media:ro`") { HostPathRule($0) } ?? []
        if let quota = map.map("quota", keys: ["apps", "replicas", "cpus", "memory", "volumes"]) {
            rules.quota.apps = quota.integer("apps", in: 0...100_000).map(Int64.init)
            rules.quota.replicas = quota.integer("replicas", in: 0...1_000_000).map(Int64.init)
            rules.quota.volumes = quota.integer("volumes", in: 0...100_000).map(Int64.init)
            rules.quota.nanoCPUs = quota.nanoCPUs("cpus")
            rules.quota.memoryInBytes = quota.sizeInBytes("memory")
        }
        return rules
    }

    /// `nil` where the key is missing: everything is allowed then. An empty list allows nothing.
    private static func patterns<Pattern>(
        _ map: SettingsMap, _ key: String, _ wanted: String, _ make: (String) -> Pattern?
    ) -> [Pattern]? {
        guard map.has(key) else { return nil }
        return map.texts(key).compactMap { text in
            let pattern = make(text)
            if pattern == nil { map.refuse(key, "must be a list of such as \(wanted), not `\(text)`") }
            return pattern
        }
    }
}
