internal import Model

/// HAProxy's configuration as text. Everything of a route that stands in it has passed `RouteValidation`.
struct ProxyText {
    let configuration: EdgeConfiguration
    let layout: EdgeLayout
    let settings: EdgeSettings
    let frame: ProxyFrame

    /// A whole file, with the line at which each backend begins.
    struct File {
        var text: String
        var owners: [(line: Int, key: RouteKey)]

        /// The route that the line is part of; lines count from 1.
        func owner(ofLine line: Int) -> RouteKey? { owners.last { $0.line <= line }?.key }
    }

    /// - Parameter structures: of all routes in the state.
    func file(
        _ state: EdgeState, generation: Int, structures: [RouteKey: BackendStructure]
    ) -> File {
        var text = global(generation) + defaults() + frontends() + fixedBackends()
        text.reserveCapacity(text.utf8.count + structures.count * 1_024)
        var line = text.utf8.count { $0 == 10 } + 1
        var owners: [(line: Int, key: RouteKey)] = []
        for (key, route) in state.routes.sorted(by: { $0.key < $1.key }) {
            guard let part = structures[key]?.text(route) else { continue }
            owners.append((line, key))
            text += part
            line += part.utf8.count { $0 == 10 }
        }
        return File(text: text, owners: owners)
    }

    private func global(_ generation: Int) -> String {
        var text = """
            # Written by Slipway, over and over again: what is changed by hand is lost.
            global
                description \(Self.description(generation))
                stats socket \(layout.adminSocket) mode 600 level admin expose-fd listeners
                stats timeout 30s
                hard-stop-after \(configuration.hardStopAfter.milliseconds)ms
                noreuseport
                spread-checks 20

            """
        let isEachLogged = configuration.accessLogDirectory != nil || configuration.logSample <= 1
        let sample = isEachLogged ? "" : " sample 1:\(configuration.logSample)"
        text += "    log \(layout.logSocket) len 2048 format raw\(sample) local0\n"
        if let user = configuration.user { text += "    user \(user)\n    group \(user)\n" }
        // A page has to fit into a buffer together with its head.
        if frame.needsLargeBuffers { text += "    tune.bufsize 32768\n" }
        if !configuration.httpsAddresses.isEmpty {
            text += "    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets\n"
            text += "    ssl-default-bind-ciphers \(Self.ciphers)\n"
        }
        return text
    }

    /// What the running process calls itself, so that it is known which file it has read.
    static func description(_ generation: Int) -> String { "gen-\(generation)" }

    private static let ciphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

    private func defaults() -> String {
        """

        defaults
            mode http
            log global
            log-format "\(LogLine.format)"
            balance roundrobin
            option dontlognull
            option idle-close-on-response
            option redispatch 1
            retries 3
            retry-on conn-failure empty-response
            timeout http-request 30s
            timeout http-keep-alive 60s
            timeout connect 3s
            timeout client 60s
            timeout client-fin 30s
            timeout server 60s
            timeout tunnel 1h
            timeout queue 60s
            \(page(502, "The app has closed the connection before it answered."))
            \(page(503, "No instance of this app is ready. Try again in a moment.", "hdr Retry-After 5"))
            \(page(504, "The app has not answered in time."))

        """
    }

    /// An answer of HAProxy's own, as a short text.
    private func page(_ status: Int, _ message: String, _ extra: String = "") -> String {
        "http-error status \(status) \(Self.plain) string \"\(message)\\n\" \(extra)"
            .trimmingTrailingSpaces
    }

    /// Of a name that there is not, or not for whoever asks.
    static let unknownAnswer = "status 404 \(plain) string \"There is no app at this address.\\n\""
    static let plain = "content-type \"text/plain; charset=utf-8\""

    private func fixedBackends() -> String {
        var text = """

            backend \(ProxyName.unknown)
                http-request return \(Self.unknownAnswer)

            backend \(ProxyName.noPreview)
                http-request return status 404 \(Self.plain) string "There is no preview at the moment.\\n"

            """
        if let address = configuration.challengeAddress {
            text += """

                backend \(ProxyName.challenge)
                    timeout server 10s
                    server challenge \(address)

                """
        }
        return text
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

/// What all routes together put into the common part of the configuration.
struct ProxyFrame: Hashable, Sendable {
    var marks: [TrialMark] = []
    var needsLargeBuffers = false

    /// Pages above it do not fit into a buffer of usual size.
    static let largestCommonPageInBytes = 12 << 10

    init() {}

    /// - Parameter known: the frame that is loaded; its marks keep their numbers.
    init(_ routes: some Sequence<Route>, known: ProxyFrame = ProxyFrame()) {
        var used: Set<TrialMark> = []
        for route in routes {
            if let match = route.trial?.match { used.insert(TrialMark(match)) }
            if let page = route.options.maintenancePage,
                page.content.data.count > Self.largestCommonPageInBytes
            {
                needsLargeBuffers = true
            }
        }
        marks = known.marks.filter(used.contains)
        marks += used.subtracting(marks).sorted { ($0.part.rawValue, $0.name) < ($1.part.rawValue, $1.name) }
    }

    /// Whether a configuration with this frame serves `route`.
    func serves(_ route: Route) -> Bool {
        if let match = route.trial?.match, !marks.contains(TrialMark(match)) { return false }
        guard let page = route.options.maintenancePage else { return true }
        return needsLargeBuffers || page.content.data.count <= Self.largestCommonPageInBytes
    }
}
