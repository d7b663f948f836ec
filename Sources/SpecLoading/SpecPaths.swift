public import Model

/// Which files of a repository are specs.
public enum SpecPaths {
    /// `*.yaml` and `*.yml`, unless a part of the path begins with `.` or `_`: bases for `extends` and files of
    /// other tools are named so. `*.secrets.yaml` is a file of secrets and no spec.
    public static func isSpec(_ path: String) -> Bool {
        guard path.hasSuffix(".yaml") || path.hasSuffix(".yml"), !isSecrets(path) else { return false }
        return path.split(separator: "/", omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasPrefix("_") }
    }

    /// `*.secrets.yaml` and `*.secrets.yml`.
    public static func isSecrets(_ path: String) -> Bool {
        path.hasSuffix(".secrets.yaml") || path.hasSuffix(".secrets.yml")
    }

    /// Where the secrets of an app stand unless its spec says otherwise: `APP.secrets.yaml` beside the spec.
    public static func secrets(of app: AppName, in spec: String) -> String {
        guard let slash = spec.lastIndex(of: "/") else { return "\(app).secrets.yaml" }
        return "\(spec[...slash])\(app).secrets.yaml"
    }

    /// `relative` as seen from the directory of `file`, without `.` and `..`; `nil` where it is absolute, empty,
    /// ends as a directory or leaves the repository.
    static func resolve(_ relative: String, from file: String) -> String? {
        guard !relative.isEmpty, !relative.hasPrefix("/"), !relative.hasSuffix("/") else { return nil }
        guard relative.utf8.count <= 1_024, !relative.unicodeScalars.contains(where: { $0.value < 32 }) else {
            return nil
        }
        var parts = file.split(separator: "/").dropLast().map(String.init)
        for part in relative.split(separator: "/") {
            switch part {
            case ".": continue
            case "..":
                guard !parts.isEmpty else { return nil }
                parts.removeLast()
            default: parts.append(String(part))
            }
        }
        return parts.isEmpty ? nil : parts.joined(separator: "/")
    }
}
