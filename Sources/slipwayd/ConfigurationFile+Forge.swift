import Controller
import Forges
import SpecLoading

extension ConfigurationFile {
    static func readForge(_ map: SettingsMap, into source: inout DaemonSettings.Source) {
        if let text = map.text("on_failure") {
            if let response = SourceDealings.FailureResponse(rawValue: text) {
                source.onFailure = response
            } else {
                map.refuse("on_failure", "must be `status`, `pull_request` or `commit`, not `\(text)`")
            }
        }
        source.requiresPlan = map.flag("require_plan") ?? false
        source.forge = forge(map)
        if source.onFailure != .status, source.pushCredentials == nil {
            map.refuse(
                "on_failure", "needs `write: true` or `write_credentials`: nothing can be pushed otherwise")
        }
        if source.onFailure == .commit, source.verification != nil {
            map.refuse(
                "on_failure",
                "is `commit`, and what Slipway commits is not signed as `verify` asks; use `pull_request`")
        }
        if source.onFailure == .pullRequest, source.forge?.repository == nil {
            map.refuse("on_failure", "is `pull_request`, and `forge` says nowhere to open one")
        }
    }

    private static func forge(_ source: SettingsMap) -> DaemonSettings.SourceForge? {
        let keys = ["kind", "api", "repository", "token_file", "token_env", "webhook_secret_file"]
        guard let map = source.map("forge", keys: keys), let text = map.requiredText("kind") else {
            return nil
        }
        guard let kind = ForgeConfiguration.Kind(rawValue: text == "forgejo" ? "gitea" : text) else {
            map.refuse("kind", "must be `github`, `gitlab`, `gitea`, `forgejo` or `git`, not `\(text)`")
            return nil
        }
        var forge = DaemonSettings.SourceForge(kind: kind, api: "")
        forge.webhookSecretFile = map.text("webhook_secret_file")
        guard kind != .git else { return forge }
        let usual = [
            ForgeConfiguration.Kind.github: "https://api.github.com", .gitlab: "https://gitlab.com/api/v4"
        ]
        if var api = map.text("api") ?? usual[kind] {
            while api.hasSuffix("/") { api.removeLast() }
            if !api.hasPrefix("https://"), !api.hasPrefix("http://127.0.0.1"),
                !api.hasPrefix("http://localhost")
            {
                map.refuse("api", "must be an https URL: a token is sent to it")
            }
            forge.api = api
        } else {
            map.refuse("api", "is missing: `https://HOST/api/v1`")
        }
        forge.repository = map.requiredText("repository")
        if let repository = forge.repository, !isRepository(repository) {
            map.refuse("repository", "must be `OWNER/NAME`, not `\(repository)`")
        }
        if let file = map.text("token_file") {
            forge.token = .file(file)
        } else if let name = map.text("token_env") {
            forge.token = .environment(name)
        } else {
            map.refuse(
                "token_file", "is missing: a file with the token, or `token_env` with a variable's name")
        }
        return forge
    }

    private static func isRepository(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count >= 2
            && parts.allSatisfy { part in
                !part.isEmpty && part != "." && part != ".."
                    && part.utf8.allSatisfy { (0x21...0x7e).contains($0) && !"?#%&\\".utf8.contains($0) }
            }
    }
}
