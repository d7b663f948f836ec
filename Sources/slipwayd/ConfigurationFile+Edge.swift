import Model
import SpecLoading

extension ConfigurationFile {
    private static let edgeKeys = [
        "http", "https", "directory", "program", "supervision", "access_log", "log_sample", "internal",
        "certificates", "acme"
    ]

    static func readEdge(_ root: SettingsMap, into settings: inout DaemonSettings) {
        guard let map = root.map("edge", keys: edgeKeys) else { return }
        var edge = DaemonSettings.Edge()
        edge.http = map.texts("http")
        edge.https = map.texts("https")
        for key in ["http", "https"] {
            for text in map.texts(key) where !isAddress(text) {
                map.refuse(key, "must be addresses such as `:80` or `192.0.2.1:443`, not `\(text)`")
            }
        }
        if edge.http.isEmpty, edge.https.isEmpty {
            map.refuse("http", "is missing: say where the edge listens, such as `http: [\":80\"]`")
        }
        edge.directory = map.text("directory")
        if let program = map.text("program") { edge.program = program }
        if let supervision = map.text("supervision") {
            if supervision != "own", supervision != "external" {
                map.refuse("supervision", "must be `own` or `external`, not `\(supervision)`")
            }
            edge.isExternal = supervision == "external"
        }
        edge.accessLog = map.text("access_log")
        edge.logSample = map.integer("log_sample", in: 1...1_000_000) ?? 1
        readInternal(map, into: &edge)
        edge.certificates = map.text("certificates")
        edge.acme = acme(map)
        if edge.acme != nil, edge.https.isEmpty {
            map.refuse("acme", "gets certificates, and `https` says nowhere to show them")
        }
        settings.edge = edge
    }

    private static func readInternal(_ map: SettingsMap, into edge: inout DaemonSettings.Edge) {
        guard let names = map.map("internal", keys: ["address", "suffix"]) else { return }
        edge.internalAddress = names.requiredText("address")
        if let address = edge.internalAddress, !isAddress(address) || address.hasPrefix(":") {
            names.refuse("address", "must be an address of this host with a port, such as `172.17.0.1:80`")
        }
        if let suffix = names.text("suffix") { edge.internalSuffix = suffix }
    }

    private static func acme(_ map: SettingsMap) -> DaemonSettings.ACME? {
        let keys = ["email", "server", "ca_file", "challenge", "dns"]
        guard let map = map.map("acme", keys: keys) else { return nil }
        var acme = DaemonSettings.ACME()
        acme.email = map.text("email")
        acme.server = map.text("server")
        acme.certificateAuthorityFile = map.text("ca_file")
        if let address = map.text("challenge") { acme.challengeAddress = address }
        if let dns = map.map("dns", keys: ["provider", "environment_file"]) {
            acme.dnsProvider = dns.requiredText("provider")
            acme.dnsEnvironmentFile = dns.text("environment_file")
        }
        return acme
    }

    /// `HOST:PORT`, or `:PORT` for all addresses.
    private static func isAddress(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else {
            return false
        }
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789.-:[]")
        return (1...65_535).contains(port) && text[..<colon].allSatisfy(allowed.contains)
    }
}
