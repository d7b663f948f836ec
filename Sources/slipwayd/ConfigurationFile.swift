import GitSource
import Model
import Planning
import SpecLoading

/// The configuration file as settings. `packaging/slipway.yaml` shows every key.
enum ConfigurationFile {
    static func read(path: String, bytes: [UInt8], into settings: inout DaemonSettings) throws(SettingsError)
    {
        let file = SettingsFile(path: path, bytes: bytes)
        let top = [
            "installation", "name_prefix", "state_dir", "api", "engine", "defaults", "policy", "limits",
            "sources", "edge", "analysis", "webhooks", "notices", "access", "projects", "secrets"
        ]
        if let root = file.root(keys: top) { read(root, into: &settings) }
        let errors = file.diagnostics.filter { $0.severity == .error }
        guard errors.isEmpty else {
            throw SettingsError(errors.map(SpecRendering.caret).joined(separator: "\n"))
        }
    }

    private static func read(_ root: SettingsMap, into settings: inout DaemonSettings) {
        if let text = root.text("installation") { settings.installation = text }
        if let text = root.text("name_prefix") { settings.namePrefix = text }
        if let text = root.text("state_dir") { settings.stateDirectory = text }
        if let api = root.map("api", keys: ["socket", "listen", "token_file", "read_token_file"]) {
            if let text = api.text("socket") { settings.apiSocket = text }
            settings.apiListen = api.text("listen") ?? settings.apiListen
            settings.tokenFile = api.text("token_file") ?? settings.tokenFile
            settings.readTokenFile = api.text("read_token_file")
        }
        if let engine = root.map("engine", keys: ["socket", "relist", "registries"]) {
            if let text = engine.text("socket") { settings.engineSocket = text }
            if let span = engine.duration("relist", from: .seconds(1), to: .minutes(60)) {
                settings.relistInterval = span
            }
            for registry in engine.maps("registries", keys: ["host", "username", "password_file"]) {
                guard let host = registry.requiredText("host"),
                    let username = registry.requiredText("username"),
                    let passwordFile = registry.requiredText("password_file")
                else { continue }
                settings.registries.append(.init(host: host, username: username, passwordFile: passwordFile))
            }
        }
        if let defaults = root.map("defaults", keys: ["project"]), let project = defaults.text("project") {
            settings.defaultProject = project
        }
        if let policy = root.map("policy", keys: ["deletion_brake"]),
            let brake = policy.map("deletion_brake", keys: ["apps", "percent"])
        {
            if let apps = brake.integer("apps", in: 0...100_000) { settings.brake.apps = apps }
            if let percent = brake.integer("percent", in: 0...100) { settings.brake.percent = percent }
        }
        readLimits(root, into: &settings)
        readEdge(root, into: &settings)
        readNotices(root, into: &settings)
        readSecrets(root, into: &settings)
        settings.webhookListen = root.map("webhooks", keys: ["listen"])?.requiredText("listen")
        if let analysis = root.map("analysis", keys: ["prometheus"]), let url = analysis.text("prometheus") {
            if !url.hasPrefix("http://"), !url.hasPrefix("https://") {
                analysis.refuse("prometheus", "must be a URL such as `http://127.0.0.1:9090`")
            }
            settings.prometheus = url
        }
        readAccess(root, into: &settings)
        settings.sources = root.maps("sources", keys: sourceKeys).compactMap(source)
        readProjects(root, into: &settings)
    }

    private static func readLimits(_ root: SettingsMap, into settings: inout DaemonSettings) {
        guard let limits = root.map("limits", keys: ["repository_mebibytes", "fetch_timeout", "tree_entries"])
        else {
            return
        }
        if let size = limits.integer("repository_mebibytes", in: 1...1_048_576) {
            settings.repositoryLimits.repositorySizeInBytes = Int64(size) << 20
        }
        if let span = limits.duration("fetch_timeout", from: .seconds(1), to: .minutes(60)) {
            settings.repositoryLimits.fetchTimeout = span.duration
        }
        if let count = limits.integer("tree_entries", in: 1...10_000_000) {
            settings.repositoryLimits.entriesInTree = count
        }
    }

    private static let sourceKeys = [
        "name", "repository", "branch", "path", "project", "other_projects", "poll", "credentials", "ca_file",
        "write",
        "write_credentials", "verify", "on_failure", "require_plan", "forge"
    ]
    private static let credentialKeys = ["username", "token_file", "ssh_key", "known_hosts"]

    private static func source(_ map: SettingsMap) -> DaemonSettings.Source? {
        guard let name = map.requiredText("name"), let repository = map.requiredText("repository") else {
            return nil
        }
        var source = DaemonSettings.Source(name: name, repository: repository)
        if SourceName(name) == nil {
            map.refuse("name", "must be a name of a–z, 0–9 and -, at most 40 characters")
        }
        if let branch = map.text("branch") { source.branch = branch }
        if let path = map.text("path") { source.path = path }
        source.project = map.text("project")
        if let project = source.project, ProjectName(project) == nil {
            map.refuse("project", "must be a name of a–z, 0–9 and -, at most 40 characters")
        }
        source.otherProjects = map.texts("other_projects")
        if let name = source.otherProjects.first(where: { ProjectName($0) == nil }) {
            map.refuse("other_projects", "must be names of projects, not `\(name)`")
        }
        if let poll = map.duration("poll", from: .milliseconds(100), to: .minutes(1_440)) {
            source.poll = poll
        }
        source.certificateAuthorityFile = map.text("ca_file")
        // The file is the operator's own, so a path in it is as good as one on the command line.
        source.allowsLocal = true
        if let credentials = map.map("credentials", keys: credentialKeys) {
            source.credentials = self.credentials(credentials, map)
        }
        if let credentials = map.map("write_credentials", keys: credentialKeys) {
            source.pushCredentials = self.credentials(credentials, map)
        } else if map.flag("write") == true {
            source.pushCredentials = source.credentials
        }
        source.verification = verification(map)
        readForge(map, into: &source)
        return source
    }

    private static func verification(_ map: SettingsMap) -> SignaturePolicy? {
        let keys = ["ssh_signers", "ssh_revoked", "gpg_keyring", "require"]
        guard let verify = map.map("verify", keys: keys) else { return nil }
        var policy = SignaturePolicy(
            sshSigners: verify.text("ssh_signers"), sshRevoked: verify.text("ssh_revoked"),
            gpgKeyring: verify.text("gpg_keyring"))
        for key in keys.dropLast() {
            if let path = verify.text(key), !path.hasPrefix("/") {
                verify.refuse(key, "must be an absolute path, not `\(path)`")
            }
        }
        if policy.sshSigners == nil, policy.gpgKeyring == nil {
            map.refuse("verify", "needs `ssh_signers` or `gpg_keyring`: nobody could sign otherwise")
        }
        if let text = verify.text("require") {
            if let requirement = SignaturePolicy.Requirement(rawValue: text) {
                policy.require = requirement
            } else {
                verify.refuse("require", "must be `commit`, `tag` or `merge`, not `\(text)`")
            }
        }
        return policy
    }

    private static func credentials(_ map: SettingsMap, _ source: SettingsMap) -> GitCredentials {
        if let token = map.text("token_file") {
            return .tokenFile(username: map.text("username") ?? "git", path: token)
        }
        guard let key = map.text("ssh_key"), let hosts = map.requiredText("known_hosts") else {
            source.refuse("credentials", "needs `token_file`, or `ssh_key` and `known_hosts`")
            return .none
        }
        return .sshKey(path: key, knownHosts: hosts, user: map.text("username") ?? "git")
    }
}
