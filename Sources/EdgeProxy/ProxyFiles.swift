internal import Execution
internal import Glibc
internal import Model
internal import Ports

/// What HAProxy has read, or is to read.
struct LoadedConfiguration: Sendable {
    var generation: Int
    var structures: [RouteKey: BackendStructure]
    var frame: ProxyFrame
    /// The tables as they are believed to be in the running process.
    var maps: RouteMaps
    /// What each app has put into them.
    var entries: [AppName: MapEntries] = [:]
    /// The tables as the state wants them, and what of them is whose.
    var wantedMaps = RouteMaps()
    var wantedEntries: [AppName: MapEntries] = [:]
    /// Routes that only the next reload brings in.
    var unread: Set<RouteKey> = []
    /// `false`: a change of the tables has failed half-way.
    var tablesAreSure = true
    /// Certificates that the listeners know, by path.
    var certificates: Set<String>
    /// The worker that has read it.
    var worker: Int32
}

extension LoadedConfiguration {
    /// What the tables are to be after a change of one app.
    mutating func want(_ entries: MapEntries, of app: AppName) {
        for (map, table) in wantedEntries[app]?.tables ?? [:] {
            for (name, value) in table where wantedMaps[map][name] == value {
                wantedMaps.tables[map]?[name] = nil
            }
        }
        for (map, table) in entries.tables {
            for (name, value) in table { wantedMaps.tables[map, default: [:]][name] = value }
        }
        wantedEntries[app] = entries
    }
}

/// Writes everything that HAProxy reads.
struct ProxyFiles: Sendable {
    let configuration: EdgeConfiguration
    let layout: EdgeLayout
    let settings: EdgeSettings

    init(_ configuration: EdgeConfiguration, layout: EdgeLayout) {
        self.configuration = configuration
        self.layout = layout
        settings = EdgeSettings(configuration)
    }

    func text(_ frame: ProxyFrame) -> ProxyText {
        ProxyText(configuration: configuration, layout: layout, settings: settings, frame: frame)
    }

    func structure(_ route: Route, _ state: EdgeState, _ frame: ProxyFrame) -> BackendStructure {
        BackendStructure(route, text: text(frame), cookieKey: state.cookieKey)
    }

    func structures(_ state: EdgeState, _ frame: ProxyFrame) -> [RouteKey: BackendStructure] {
        let text = text(frame)
        return state.routes.mapValues { BackendStructure($0, text: text, cookieKey: state.cookieKey) }
    }

    func entries(_ route: Route, _ state: EdgeState, _ frame: ProxyFrame) -> MapEntries {
        MapEntries(route, isMain: state.isMain(route.key), marks: frame.marks, settings: settings)
    }

    /// What all processes of the app together put into the tables.
    func entries(of app: AppName, _ state: EdgeState, _ frame: ProxyFrame) -> MapEntries {
        var all = MapEntries()
        for route in state.siblings(of: app) { all.merge(entries(route, state, frame)) }
        return all
    }

    func maps(_ state: EdgeState, _ frame: ProxyFrame) -> RouteMaps {
        var maps = MapEntries()
        for route in state.routes.values { maps.merge(entries(route, state, frame)) }
        return RouteMaps(tables: maps.tables)
    }

    func loaded(
        _ state: EdgeState, generation: Int, frame: ProxyFrame, certificates: [CertificateFile]
    )
        -> LoadedConfiguration
    {
        var entries: [AppName: MapEntries] = [:]
        for route in state.routes.values {
            entries[route.key.app, default: MapEntries()].merge(self.entries(route, state, frame))
        }
        let maps = maps(state, frame)
        return LoadedConfiguration(
            generation: generation,
            structures: structures(state, frame), frame: frame, maps: maps,
            entries: entries, wantedMaps: maps, wantedEntries: entries,
            certificates: Set(certificates.map(\.path)), worker: 0)
    }

    /// Makes the directories.
    func prepare() throws(EdgeError) {
        // HAProxy binds a socket under a longer name first.
        let longest = layout.masterSocket.utf8.count + 14
        guard longest <= 107 else {
            throw EdgeError(
                .refused,
                "the directory of the edge, \(layout.root), is \(longest - 107) bytes too long for the sockets "
                    + "in it; take a shorter one")
        }
        guard layout.root.hasPrefix("/"), Self.isPlain(layout.root) else {
            throw EdgeError(
                .refused, "the directory of the edge is to be absolute, of letters, digits and `/._-` only")
        }
        if let user = configuration.user, !RouteValidation.isToken(user) {
            throw EdgeError(.refused, "the user of the edge is not a plain name")
        }
        for address in configuration.httpAddresses + configuration.httpsAddresses
            + [configuration.internalAddress, configuration.challengeAddress].compactMap({ $0 })
        where !address.utf8.allSatisfy({ RouteValidation.isPlainAddressByte($0) }) {
            throw EdgeError(.refused, "`\(address)` is not an address such as `:80` or `192.0.2.1:443`")
        }
        let passable: mode_t = configuration.user == nil ? 0o700 : 0o711
        for path in [layout.root, layout.run] { try Files.makeDirectory(path, mode: passable) }
        for path in [layout.routes, layout.pages, layout.certificates] { try Files.makeDirectory(path) }
        if let directory = configuration.accessLogDirectory, !Files.exists(directory) {
            try Files.makeDirectory(directory)
        }
        if !configuration.httpsAddresses.isEmpty { try makeDefaultCertificate() }
    }

    /// HAProxy reads them with its configuration, and never again.
    func writePages(_ state: EdgeState) throws(EdgeError) {
        for route in state.routes.values {
            guard let page = route.options.maintenancePage else { continue }
            try Files.write(page.content.data, to: layout.page(route.key), isDurable: false)
        }
    }

    /// What changes at runtime, too: tables, and the list of certificates.
    func writeTables(_ maps: RouteMaps, _ certificates: [CertificateFile]) throws(EdgeError) {
        for map in RouteMap.allCases {
            try Files.write(maps.text(map).utf8, to: layout.map(map), isDurable: false)
        }
        guard !configuration.httpsAddresses.isEmpty else { return }
        var list = layout.defaultCertificate + "\n"
        for file in certificates { list += "\(file.path) \(file.hosts.joined(separator: " "))\n" }
        try Files.write(list.utf8, to: layout.certificateList, isDurable: false)
    }

    /// A file that HAProxy does not take, with the line at fault if it names one.
    struct Refusal: Error {
        var line: Int?
        var message: String
    }

    /// Asks HAProxy whether it takes the candidate.
    func check() throws(Refusal) {
        let output: Subprocess.Output
        do throws(Subprocess.Failure) {
            output = try Subprocess.run(
                [configuration.program, "-c", "-f", layout.candidate],
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], timeout: .seconds(60))
        } catch {
            throw Refusal(message: error.message)
        }
        guard output.exitCode != 0 else { return }
        let lines = String(decoding: output.standardError, as: UTF8.self).split(separator: "\n")
        let alerts = lines.filter { $0.hasPrefix("[ALERT]") }
        let first = alerts.first ?? lines.last ?? "no reason given"
        throw Refusal(line: Self.line(first), message: ProxyProcess.message(first))
    }

    /// The number in `parsing [/…/haproxy.cfg.new:123]`.
    static func line(_ alert: Substring) -> Int? {
        guard let range = alert.firstRange(of: "haproxy.cfg.new:") else { return nil }
        return Int(alert[range.upperBound...].prefix { $0.isNumber })
    }

    static func isPlain(_ path: String) -> Bool {
        path.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "/._-+@".utf8.contains(byte)
        }
    }

    /// What the listener shows as long as there is nothing better.
    private func makeDefaultCertificate() throws(EdgeError) {
        guard !Files.exists(layout.defaultCertificate) else { return }
        let output: Subprocess.Output
        do throws(Subprocess.Failure) {
            output = try Subprocess.run(
                [
                    "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "3650", "-subj", "/CN=slipway", "-keyout", "-", "-out", "-"
                ], environment: ["PATH": "/usr/bin:/bin"], timeout: .seconds(30))
        } catch {
            throw EdgeError(.internal, "no certificate to begin with: \(error.message); install openssl")
        }
        guard output.exitCode == 0, !output.standardOutput.isEmpty else {
            let text = String(decoding: output.standardError, as: UTF8.self)
            throw EdgeError(.internal, "openssl makes no certificate to begin with: \(text)")
        }
        try Files.write(output.standardOutput, to: layout.defaultCertificate, isDurable: true)
    }
}
