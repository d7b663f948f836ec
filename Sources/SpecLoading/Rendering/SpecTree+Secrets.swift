internal import Model

extension SpecTree {
    /// As the file has them; or, where content is shown by digest, what tells one value from another.
    static func addSecrets(_ secrets: [SecretSpec], _ style: FileStyle, to map: inout Entries) {
        switch style {
        case .path:
            if !secrets.isEmpty { map.add("secrets", .list(secrets.map(asWritten))) }
        case .digest:
            map.addMap("secrets", secrets.map { ($0.name, .text(asShown($0))) })
        }
    }

    private static func asWritten(_ secret: SecretSpec) -> SpecTree {
        guard let variable = secret.variable else { return .text(secret.name) }
        let env = variable == secret.name ? SpecTree.literal("true") : .text(variable)
        return .map([(key: "name", value: .text(secret.name)), (key: "env", value: env)])
    }

    private static func asShown(_ secret: SecretSpec) -> String {
        let fingerprint = String((secret.fingerprint ?? "").prefix(17))
        return secret.variable.map { "\(fingerprint), also as $\($0)" } ?? fingerprint
    }
}
