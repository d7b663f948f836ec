internal import Model

/// The part of a route's configuration that only a reload can change.
struct BackendStructure: Hashable, Sendable {
    /// Before the first backend.
    private var head: String
    /// Of the process's own backend.
    private var own: String
    /// Of the backend of the release that moves in; `nil`: there is none.
    private var trial: String?
    private var options: ServerOptions
    private var page: PageSpec?

    init(_ route: Route, text: ProxyText, cookieKey: String) {
        let key = route.key
        options = ServerOptions(route.options)
        page = route.options.maintenancePage
        head = Self.users(route)
        let rules = BackendRules(route: route, text: text, cookieKey: cookieKey)
        own = "\nbackend \(ProxyName.backend(key))\n" + rules.text(isTrial: false)
        if route.trial != nil {
            trial = "\nbackend \(ProxyName.trial(key))\n" + rules.text(isTrial: true)
        }
    }

    var hasTrial: Bool { trial != nil }

    /// The whole configuration of the route, servers included.
    func text(_ route: Route) -> String {
        var text = head + own
        for server in route.servers { text += server.line(options) }
        if let trial {
            text += trial
            for server in route.trialServers { text += server.line(options) }
        }
        return text
    }

    private static func users(_ route: Route) -> String {
        guard let users = route.options.users, !users.isEmpty else { return "" }
        return users.reduce(into: "\nuserlist \(ProxyName.users(route.key))\n") { text, user in
            text += "    user \(user.name) password '\(user.passwordHash)'\n"
        }
    }
}

/// The rules of a backend, by the route's options.
struct BackendRules {
    let route: Route
    let text: ProxyText
    let cookieKey: String

    private var options: EdgeSpec { route.options }

    func text(isTrial: Bool) -> String {
        access(isTrial: isTrial) + schemes() + bodies() + times() + stickiness(isTrial: isTrial) + page()
    }

    /// Rules for visitors; containers come from inside.
    private static let visitors = "!{ fe_name -m str \(ProxyText.internalFrontend) }"

    private func access(isTrial: Bool) -> String {
        var lines = inside()
        let backend = ProxyName.backend(route.key)
        if let limit = options.rateLimit {
            // Both backends of the process count in one table.
            if !isTrial {
                lines += "    stick-table type ipv6 size 100k expire 10s store http_req_rate(1s)\n"
            }
            lines += "    http-request track-sc0 src table \(backend) if \(Self.visitors)\n"
            lines += answer(
                429, "Too many requests. Try again in a moment.", "hdr Retry-After 1",
                condition: "if { sc_http_req_rate(0) gt \(limit) }")
        }
        if let allow = options.allow, !allow.isEmpty {
            for network in allow { lines += "    acl is_allowed src \(network)\n" }
            lines += answer(
                403, "Your address may not enter here.", condition: "if !is_allowed \(Self.visitors)")
        }
        return lines
    }

    /// By its internal name the process is there for its own project only; for others it is a name like any that there
    /// is not. The engine leaves the address of a container as it is on the way to the host, and containers cannot
    /// choose theirs: an answer would not find them.
    private func inside() -> String {
        guard let callers = route.callers, options.effectiveIsInternal else { return "" }
        var lines = ""
        for network in callers { lines += "    acl is_neighbour src \(network)\n" }
        let stranger = callers.isEmpty ? "" : "!is_neighbour "
        lines += "    http-request return \(ProxyText.unknownAnswer) if \(stranger){ fe_name -m str"
        lines += " \(ProxyText.internalFrontend) }\n"
        return lines
    }

    private func schemes() -> String {
        var lines = ""
        if let port = text.settings.httpsPort {
            let suffix = port == 443 ? "" : ":\(port)"
            switch options.effectiveHTTPS {
            case .redirect:
                let target = "location https://%[var(txn.host)]\(suffix)%[pathq]"
                let condition = "!{ ssl_fc } \(Self.visitors)"
                // 308 keeps the method and the body; the old 301 is what GET is cached by everywhere.
                lines += "    acl is_read method GET HEAD\n"
                lines += "    http-request redirect \(target) code 301 if is_read \(condition)\n"
                lines += "    http-request redirect \(target) code 308 if !is_read \(condition)\n"
            case .both: break
            case .off:
                lines += answer(404, "This app is reached by plain HTTP only.", condition: "if { ssl_fc }")
            }
        }
        if let users = options.users, !users.isEmpty {
            lines += "    http-request auth realm \(route.key.app) "
            lines += "if !{ http_auth(\(ProxyName.users(route.key))) } \(Self.visitors)\n"
        }
        return lines
    }

    private func bodies() -> String {
        guard let limit = options.maxBodyInBytes else { return "" }
        var lines = answer(
            413, "The body of the request is too large.",
            condition: "if { req.hdr_val(content-length) gt \(limit) }")
        // A body of unknown length cannot be stopped half-way. Calls of gRPC are such.
        if options.effectiveBackendProtocol == .http {
            lines += answer(
                411, "This app takes bodies of a length that is told beforehand only.",
                condition: "if { req.hdr(transfer-encoding) -m found }")
        }
        return lines
    }

    private func times() -> String {
        let tunnel = options.effectiveTunnelTimeout.milliseconds
        let server = options.effectiveTimeout.milliseconds
        return """
                timeout server \(server)ms
                timeout tunnel \(tunnel)ms
                timeout queue \(server)ms
                http-request set-timeout server \(tunnel)ms if { req.hdr(accept) -m sub text/event-stream }

            """
    }

    private func stickiness(isTrial: Bool) -> String {
        guard options.sticky == true else { return "" }
        let isSecure = text.settings.httpsPort != nil && options.effectiveHTTPS == .redirect
        let name = "slipway-\(route.key.app)-\(route.key.process)\(isTrial ? "-trial" : "")"
        return """
                cookie \(name) insert indirect nocache httponly\(isSecure ? " secure" : "") dynamic
                dynamic-cookie-key \(cookieKey)

            """
    }

    private func page() -> String {
        guard let page = options.maintenancePage else { return "" }
        return """
                http-error status 503 content-type "\(Self.contentType(page.source))" \
            file \(text.layout.page(route.key)) hdr Retry-After 5

            """
    }

    private static func contentType(_ name: String) -> String {
        switch name.split(separator: ".").last?.lowercased() {
        case "json": "application/json"
        case "txt", "md": "text/plain; charset=utf-8"
        case "xml": "application/xml"
        default: "text/html; charset=utf-8"
        }
    }

    private func answer(_ status: Int, _ message: String, _ extra: String = "", condition: String) -> String {
        let extra = extra.isEmpty ? "" : extra + " "
        return "    http-request return status \(status) \(ProxyText.plain) string \"\(message)\\n\" "
            + "\(extra)\(condition)\n"
    }
}
