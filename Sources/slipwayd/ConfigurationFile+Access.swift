import Access
import Model
import SpecLoading

extension ConfigurationFile {
    static func readAccess(_ root: SettingsMap, into settings: inout DaemonSettings) {
        guard let access = root.map("access", keys: ["identity_provider", "audit"]) else { return }
        if let audit = access.map("audit", keys: ["days", "records"]) {
            if let days = audit.integer("days", in: 1...3_650) { settings.audit.days = Int64(days) }
            if let count = audit.integer("records", in: 1_000...10_000_000) {
                settings.audit.records = Int64(count)
            }
        }
        settings.identityProvider = identityProvider(access)
    }

    private static func identityProvider(_ access: SettingsMap) -> IdentityProviderConfiguration? {
        let keys = [
            "issuer", "audience", "keys_url", "name_claim", "ca_file", "allow_loopback", "rules"
        ]
        guard let map = access.map("identity_provider", keys: keys), let issuer = map.requiredText("issuer"),
            let audience = map.requiredText("audience")
        else { return nil }
        let allowsLoopback = map.flag("allow_loopback") ?? false
        for key in ["issuer", "keys_url"] {
            guard let url = map.text(key),
                let objection = ProviderAddress.objection(url, allowsLoopback: allowsLoopback)
            else { continue }
            map.refuse(key, objection)
        }
        let rules = map.maps("rules", keys: ["claim", "value", "role", "projects"]).compactMap(rule)
        if rules.isEmpty {
            map.refuse("rules", "is missing: without a rule nobody of the identity provider may do anything")
        }
        return IdentityProviderConfiguration(
            issuer: issuer, audience: audience, keysURL: map.text("keys_url"),
            nameClaim: map.text("name_claim") ?? "sub", rules: rules,
            certificateAuthorityFile: map.text("ca_file"), allowsLoopback: allowsLoopback)
    }

    private static func rule(_ map: SettingsMap) -> IdentityProviderConfiguration.Rule? {
        guard let claim = map.requiredText("claim"), let value = map.requiredText("value"),
            let text = map.requiredText("role")
        else { return nil }
        guard let role = Role(rawValue: text) else {
            map.refuse("role", "must be `viewer`, `developer`, `operator` or `admin`, not `\(text)`")
            return nil
        }
        let names = map.texts("projects")
        for name in names where ProjectName(name) == nil && name != "*" {
            map.refuse("projects", "must be names of projects, or `\"*\"` for all, not `\(name)`")
        }
        guard !names.isEmpty else {
            // All projects by leaving a key out would be a surprise.
            map.refuse("projects", "is missing: name projects, or `[\"*\"]` for all")
            return nil
        }
        let grants =
            names.contains("*")
            ? [Grant(role)] : names.compactMap(ProjectName.init).map { Grant(role, in: $0) }
        return .init(claim: claim, value: value, grants: grants)
    }
}
