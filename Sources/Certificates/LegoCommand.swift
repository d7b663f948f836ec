internal import Crypto

/// One run of `lego` for one host: pure.
struct LegoCommand: Sendable {
    var arguments: [String]
    var environment: [String: String]
    /// What must not be seen in anything that is said about the run.
    var secrets: [String]

    /// - Parameters:
    ///   - host: one that `HostName.objection(to:)` has passed.
    ///   - folder: the account's; absolute.
    init(
        host: String, acme: ACMEConfiguration, folder: String, email: String,
        providerEnvironment: [String: String],
        bindingKey: String?
    ) {
        precondition(HostName.objection(to: host) == nil && acme.objection == nil, "checked before")
        var arguments = [
            acme.legoPath, "--path", folder, "--server", acme.directoryURL, "--email", email, "--accept-tos",
            "--key-type", acme.keyType.rawValue, "--domains", host
        ]
        // The operator's values first: what the keeper sets itself is not theirs to change.
        var environment = providerEnvironment
        if let dns = acme.dns, acme.usesDNS(for: host) {
            arguments += ["--dns", dns.provider]
            for resolver in dns.resolvers { arguments += ["--dns.resolvers", resolver] }
            if !dns.waitsForPropagation { arguments.append("--dns.disable-cp") }
        } else {
            arguments += ["--http", "--http.port", acme.challengeAddress]
        }
        arguments.append("run")
        environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        environment["HOME"] = folder
        environment["LEGO_PATH"] = nil
        if let caFile = acme.caFile { environment["LEGO_CA_CERTIFICATES"] = caFile }
        if let binding = acme.binding, let bindingKey {
            environment["LEGO_EAB"] = "true"
            environment["LEGO_EAB_KID"] = binding.keyID
            environment["LEGO_EAB_HMAC"] = bindingKey
        }
        self.arguments = arguments
        self.environment = environment
        secrets = Array(providerEnvironment.values) + (bindingKey.map { [$0] } ?? [])
    }

    /// The name of the folder that `lego` keeps an account in: another authority or address is another
    /// account.
    static func accountName(_ acme: ACMEConfiguration) -> String {
        let text = acme.directoryURL + "|" + (acme.email ?? "") + "|" + (acme.binding?.keyID ?? "")
        return String(ContentHash.sha256(text.utf8).dropFirst(7).prefix(16))
    }

    /// Changes with every setting that could make an order succeed that has failed.
    static func settingsName(_ acme: ACMEConfiguration, host: String) -> String {
        var parts = [
            accountName(acme), acme.caFile ?? "", acme.legoPath, acme.usesDNS(for: host) ? "dns" : "http"
        ]
        if let dns = acme.dns, acme.usesDNS(for: host) {
            parts += [dns.provider, dns.environmentFile, "\(dns.waitsForPropagation)"] + dns.resolvers
        } else {
            parts.append(acme.challengeAddress)
        }
        return String(ContentHash.sha256(parts.joined(separator: "|").utf8).dropFirst(7).prefix(16))
    }
}
