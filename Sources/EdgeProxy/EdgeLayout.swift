internal import Model

/// The paths of the edge's files.
struct EdgeLayout: Sendable {
    let root: String

    var lock: String { root + "/lock" }
    var state: String { root + "/state.json" }
    var routes: String { root + "/routes" }
    var configuration: String { root + "/haproxy.cfg" }
    var candidate: String { root + "/haproxy.cfg.new" }
    var pages: String { root + "/pages" }
    var certificates: String { root + "/certs" }
    var certificateList: String { root + "/certs/list" }
    var defaultCertificate: String { root + "/certs/default.pem" }
    var run: String { root + "/run" }
    var adminSocket: String { run + "/admin.sock" }
    var masterSocket: String { run + "/master.sock" }
    var logSocket: String { run + "/log.sock" }
    var processFile: String { run + "/pid" }
    var output: String { run + "/haproxy.log" }

    func map(_ map: RouteMap) -> String { "\(root)/\(map.rawValue).map" }
    func route(_ key: RouteKey) -> String { "\(routes)/\(ProxyName.backend(key)).json" }
    func page(_ key: RouteKey) -> String { "\(pages)/\(ProxyName.backend(key))" }
}

/// The tables that a request is looked up in.
enum RouteMap: String, Sendable, CaseIterable {
    /// `HOST/PATH/` to a backend, or to `>` and what stands before the path of a redirect.
    case hosts
    /// The same for internal names.
    case inside
    /// A backend to the mark that leads to its trial backend: `NUMBER=VALUE`, or `NUMBER=` for any value.
    case trials
}

/// Names in HAProxy's configuration. Apps and processes are labels, which have no dot in them.
enum ProxyName {
    static let unknown = "_unknown"
    static let challenge = "_challenge"
    /// What a preview host leads to while nothing moves in.
    static let noPreview = "_no_preview"
    private static let trialSuffix = ".trial"

    static func backend(_ key: RouteKey) -> String { "\(key.app).\(key.process)" }
    static func trial(_ key: RouteKey) -> String { backend(key) + trialSuffix }
    static func users(_ key: RouteKey) -> String { "users." + backend(key) }

    /// The process that a backend belongs to.
    static func key(ofBackend name: String) -> RouteKey? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 && parts[2] == "trial",
            let app = AppName(String(parts[0])), let process = ProcessName(String(parts[1]))
        else { return nil }
        return RouteKey(app: app, process: process)
    }
}
