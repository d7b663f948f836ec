internal import Model

extension ProxyText {
    static let internalFrontend = "inside"

    func frontends() -> String {
        var text = "\nfrontend web\n"
        for address in configuration.httpAddresses { text += "    bind \(address)\(family(address))\n" }
        for address in configuration.httpsAddresses {
            text += "    bind \(address)\(family(address)) ssl crt-list \(layout.certificateList) "
            text += "alpn h2,http/1.1\n"
        }
        text += common()
        if configuration.challengeAddress != nil {
            text += "    acl is_challenge path_beg /.well-known/acme-challenge/\n"
            text += "    use_backend \(ProxyName.challenge) if is_challenge !{ ssl_fc }\n"
        }
        text += lookup(.hosts)
        // Challenges are never redirected, whatever their host is.
        let guardText = configuration.challengeAddress == nil ? "" : " !is_challenge"
        text += """
                http-request redirect code 301 location %[var(txn.route),bytes(1)]%[pathq] \
            if { var(txn.route) -m beg > }\(guardText)

            """
        text += trials()
        text += choice()
        if let address = configuration.internalAddress {
            text += "\nfrontend \(Self.internalFrontend)\n    bind \(address)\n"
            text += common() + lookup(.inside) + trials() + choice()
        }
        return text
    }

    /// Where both families are listed with one port, the IPv6 address does not stand for the other, too.
    private func family(_ address: String) -> String {
        guard address.hasPrefix("[::]:") else { return "" }
        let port = address.dropFirst(5)
        let others = configuration.httpAddresses + configuration.httpsAddresses
        return others.contains { !$0.hasPrefix("[") && $0.hasSuffix(":\(port)") } ? " v6only" : ""
    }

    /// What holds for every request: who the client is, says HAProxy alone.
    private func common() -> String {
        """
            http-request del-header x-forwarded- -m beg
            http-request del-header forwarded
            http-request set-header X-Forwarded-For %[src]
            http-request set-header X-Real-IP %[src]
            http-request set-header X-Forwarded-Proto https if { ssl_fc }
            http-request set-header X-Forwarded-Proto http unless { ssl_fc }
            http-request set-header X-Forwarded-Host %[req.hdr(host)] if { req.hdr(host) -m found }
            http-request set-header X-Forwarded-Port %[dst_port]
            http-request disable-l7-retry unless { method GET HEAD OPTIONS }
            http-request set-var(txn.host) req.hdr(host),host_only,lower

        """
    }

    /// The longest path of the host, or of the wildcard above it.
    private func lookup(_ map: RouteMap) -> String {
        let file = layout.map(map)
        return """
                http-request set-var(txn.path) path
                http-request set-var(txn.key) var(txn.host),concat(,txn.path,/)
                http-request set-var(txn.route) var(txn.key),map_beg(\(file))
                http-request set-var(txn.key) var(txn.key),regsub(^[^./]+,*) unless { var(txn.route) -m found }
                http-request set-var(txn.route) var(txn.key),map_beg(\(file)) unless { var(txn.route) -m found }

            """
    }

    /// Leads marked requests to the release that moves in. The table says for each backend which mark counts.
    private func trials() -> String {
        guard !frame.marks.isEmpty else { return "" }
        var text = "    http-request set-var(txn.want) var(txn.route),map(\(layout.map(.trials)))\n"
        for (number, mark) in frame.marks.enumerated() {
            let sample = mark.part == .header ? "req.hdr(\(mark.name))" : "req.cook(\(mark.name))"
            text += "    http-request set-var(txn.mark) \(sample) if { var(txn.want) -m beg \(number)= }\n"
        }
        text += """
                http-request set-var(txn.have) var(txn.want),field(1,=),concat(=,txn.mark) \
            if { var(txn.want) -m found }
                acl is_marked var(txn.have),strcmp(txn.want) eq 0
                acl is_any var(txn.want) -m reg ^[0-9]+=$
                acl has_mark var(txn.mark) -m len gt 0
                http-request set-var(txn.route) var(txn.route),concat(.trial) if has_mark is_marked
                http-request set-var(txn.route) var(txn.route),concat(.trial) if has_mark is_any

            """
        return text
    }

    private func choice() -> String {
        """
            use_backend %[var(txn.route)] if { var(txn.route) -m found }
            default_backend \(ProxyName.unknown)

        """
    }
}
