internal import FoundationEssentials

/// Finds the credentials for a registry and writes them as the engine wants them.
struct RegistryAuthentication: Sendable {
    var credentials: [String: RegistryCredential]
    var dockerConfigFile: String?

    /// The value of `X-Registry-Auth`; `nil` where there are no credentials.
    func header(for registry: String) -> String? { login(for: registry).flatMap(encode) }

    /// A `config.json` of Docker's with the credentials for this registry and no other.
    func file(for registry: String) -> String {
        var entry: [String: String] = [:]
        if let login = login(for: registry) {
            entry["identitytoken"] = login.identitytoken
            let pair = "\(login.username ?? ""):\(login.password ?? "")"
            entry["auth"] = login.username.map { _ in Data(pair.utf8).base64EncodedString() }
        }
        // Texts can always be written as JSON.
        let json = try? JSONEncoder().encode(["auths": entry.isEmpty ? [:] : [registry: entry]])
        return json.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private func login(for registry: String) -> Login? {
        guard let credential = credentials[registry] else { return loginFromFile(for: registry) }
        return Login(username: credential.user, password: credential.secret, serveraddress: registry)
    }

    private struct Login: Encodable {
        var username: String?
        var password: String?
        var identitytoken: String?
        var serveraddress: String
    }
    private struct ConfigFile: Decodable {
        var auths: [String: Entry]?
        struct Entry: Decodable {
            var auth: String?
            var username: String?
            var password: String?
            var identitytoken: String?
        }
    }

    private func loginFromFile(for registry: String) -> Login? {
        guard let dockerConfigFile,
            // A file that is missing or broken means no credentials; the registry's refusal then tells of it.
            let data = try? Data(contentsOf: URL(filePath: dockerConfigFile)), data.count <= 1 << 20,
            let file = try? JSONDecoder().decode(ConfigFile.self, from: data)
        else { return nil }
        let entry = file.auths?.sorted { $0.key < $1.key }.first { Self.host(ofKey: $0.key) == registry }?
            .value
        guard let entry else { return nil }
        if let token = entry.identitytoken, !token.isEmpty {
            return Login(identitytoken: token, serveraddress: registry)
        }
        if let user = entry.username, let secret = entry.password {
            return Login(username: user, password: secret, serveraddress: registry)
        }
        guard let bytes = entry.auth.flatMap({ Data(base64Encoded: $0) }) else { return nil }
        let pair = String(decoding: bytes, as: UTF8.self).split(separator: ":", maxSplits: 1)
        guard pair.count == 2 else { return nil }
        return Login(username: String(pair[0]), password: String(pair[1]), serveraddress: registry)
    }

    /// Keys are hosts, or addresses such as `https://index.docker.io/v1/`.
    private static func host(ofKey key: String) -> String {
        var rest = key[...]
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        let host = String(rest.prefix { $0 != "/" })
        return ["index.docker.io", "registry-1.docker.io"].contains(host) ? "docker.io" : host
    }

    private func encode(_ login: Login) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Four strings can always be written as JSON.
        guard let json = try? encoder.encode(login) else { return nil }
        let standard = json.base64EncodedString()
        return String(standard.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }
}
