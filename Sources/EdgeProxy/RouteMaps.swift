internal import Model

/// The contents of the three tables as all routes together want them.
struct RouteMaps: Equatable, Sendable {
    var tables: [RouteMap: [String: String]] = [:]

    subscript(map: RouteMap) -> [String: String] { tables[map] ?? [:] }

    /// A table that is not there is as good as an empty one.
    static func == (left: Self, right: Self) -> Bool {
        RouteMap.allCases.allSatisfy { left[$0] == right[$0] }
    }

    /// One table as a file.
    func text(_ map: RouteMap) -> String {
        self[map].sorted { $0.key < $1.key }.reduce(into: "") { $0 += "\($1.key) \($1.value)\n" }
    }
}

/// What one route puts into the tables.
struct MapEntries: Hashable, Sendable {
    var tables: [RouteMap: [String: String]] = [:]

    init() {}

    /// - Parameters:
    ///   - marks: the numbers of the marks that the loaded configuration knows.
    ///   - isMain: whether it is the one that `http://APP.internal` means.
    ///   - settings: whether there is TLS at all, and on which port.
    init(_ route: Route, isMain: Bool, marks: [TrialMark], settings: EdgeSettings) {
        let backend = ProxyName.backend(route.key)
        for domain in route.domains {
            var value = backend
            if let target = domain.redirect {
                let isSecure = settings.httpsPort != nil && route.options.effectiveHTTPS != .off
                value = ">" + settings.origin(target, isSecure: isSecure)
            }
            tables[.hosts, default: [:]][Self.key(domain.host, domain.path)] = value
        }
        if let host = route.trial?.host {
            tables[.hosts, default: [:]][Self.key(host, nil)] =
                route.trial?.release == nil ? ProxyName.noPreview : ProxyName.trial(route.key)
        }
        if let trial = route.trial, trial.release != nil, let match = trial.match,
            let number = marks.firstIndex(of: TrialMark(match))
        {
            tables[.trials, default: [:]][backend] = "\(number)=\(match.value ?? "")"
        }
        if route.options.effectiveIsInternal, settings.hasInternal {
            if isMain {
                let short = "\(route.key.app).\(settings.internalSuffix)"
                tables[.inside, default: [:]][Self.key(short, nil)] = backend
            }
            let name = "\(route.key.process).\(route.key.app).\(settings.internalSuffix)"
            tables[.inside, default: [:]][Self.key(name, nil)] = backend
        }
    }

    mutating func merge(_ other: Self) {
        for (map, table) in other.tables { tables[map, default: [:]].merge(table) { first, _ in first } }
    }

    /// A request is looked up as its host and path with `/` after them: what matches is whole segments.
    static func key(_ host: String, _ path: String?) -> String {
        var path = path ?? ""
        while path.hasSuffix("/") { path.removeLast() }
        return host + path + "/"
    }
}

/// A header or a cookie that some route looks at.
struct TrialMark: Hashable, Sendable {
    var part: TrialMatch.Part
    /// Of a header in lower case.
    var name: String

    init(_ match: TrialMatch) {
        part = match.part
        name = match.part == .header ? match.name.lowercased() : match.name
    }
}

/// What of the configuration shows in routes.
struct EdgeSettings: Hashable, Sendable {
    /// The port that visitors are sent to; `nil`: there is no TLS.
    var httpsPort: Int?
    var httpPort: Int
    var hasInternal: Bool
    var internalSuffix: String

    init(_ configuration: EdgeConfiguration) {
        func port(_ address: String?) -> Int? {
            address?.split(separator: ":").last.flatMap { Int($0) }
        }
        httpsPort = port(configuration.httpsAddresses.first)
        httpPort = port(configuration.httpAddresses.first) ?? 80
        hasInternal = configuration.internalAddress != nil
        internalSuffix = configuration.internalSuffix
    }

    func origin(_ host: String, isSecure: Bool) -> String {
        if isSecure, let httpsPort { return "https://\(host)" + (httpsPort == 443 ? "" : ":\(httpsPort)") }
        return "http://\(host)" + (httpPort == 80 ? "" : ":\(httpPort)")
    }
}
