internal import Model

/// A server of a backend as it is to be.
struct WantedServer: Hashable, Sendable {
    var name: String
    var address: String
    var port: Int
    /// 0 to 256.
    var weight: Int
    /// Takes nothing new, and finishes what it has.
    var isOut: Bool
}

extension Route {
    /// The servers of the process's own backend.
    var servers: [WantedServer] {
        var counts: [ReleaseNumber: Int] = [:]
        for target in targets where target.address != nil {
            counts[target.release, default: 0] += target.isDraining ? 0 : 1
        }
        let weights = Weights.of(counts, split: split)
        return targets.compactMap { target in
            guard let address = target.address else { return nil }
            let weight = weights[target.release] ?? 0
            // A cookie leads to a server even if it has no weight; a release without a share gets nothing at all.
            let isDark = weight == 0 && options.sticky == true
            return WantedServer(
                name: target.name, address: AddressText.canonical(address), port: target.port,
                weight: target.isDraining ? 1 : weight, isOut: target.isDraining || isDark)
        }
    }

    /// The servers of the backend that only the release that moves in is in.
    var trialServers: [WantedServer] {
        guard let release = trial?.release else { return [] }
        return targets.compactMap { target in
            guard target.release == release, let address = target.address else { return nil }
            return WantedServer(
                name: target.name, address: AddressText.canonical(address), port: target.port, weight: 1,
                isOut: target.isDraining)
        }
    }

    /// Every backend of the process with its servers.
    var backends: [(name: String, servers: [WantedServer])] {
        let own = (ProxyName.backend(key), servers)
        return trial == nil ? [own] : [own, (ProxyName.trial(key), trialServers)]
    }
}

/// What stands after a server's address, the same in the file and in a command at runtime.
struct ServerOptions: Hashable, Sendable {
    var text: String

    init(_ options: EdgeSpec) {
        // Without traffic nothing is asked of a server: Slipway's own probes do that. A server to which connections
        // fail is taken out by the second failure, and then tried every second.
        var text =
            "check inter 600s fastinter 1s downinter 1s fall 2 rise 1 observe layer4 error-limit 2 "
            + "on-error mark-down pool-max-conn 128 pool-purge-delay 5s"
        if let maxRequests = options.maxRequests { text += " maxconn \(maxRequests)" }
        if options.effectiveBackendProtocol == .http2 { text += " proto h2" }
        self.text = text
    }
}

extension WantedServer {
    /// `[::1]:80` for an IPv6 address.
    var endpoint: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }

    func line(_ options: ServerOptions) -> String {
        "    server \(name) \(endpoint) weight \(weight) \(options.text)\(isOut ? " disabled" : "")\n"
    }
}
