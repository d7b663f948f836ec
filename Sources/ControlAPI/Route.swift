/// One thing that can be asked of the API.
struct Route: Sendable, Hashable {
    enum Operation: String, Sendable, Hashable, CaseIterable {
        case status, appStatus, history, appHistory, diff, plan, planFiles, trace
        case sync, retry, rollback, abort, promote, pause, resume, approve
        case logs, events, watch
        case execute, run, runs
        case cronHistory, cronRun
        case testNotices
        case metrics, health, readiness
        case whoami, tokens, createToken, revokeToken, audit
    }

    var operation: Operation
    var method: String
    /// As in the API's description: `/v1/apps/{app}/logs`.
    var pattern: String
    /// The query parameters that it takes; any other is refused.
    var query: [String]
    /// `false`: answered on TCP without a token, and says nothing but yes or no.
    var needsToken: Bool { operation.rule != .open }

    private init(_ operation: Operation, _ method: String, _ pattern: String, _ query: [String]) {
        self.operation = operation
        self.method = method
        self.pattern = pattern
        self.query = query
    }

    private static func get(_ operation: Operation, _ pattern: String, _ query: [String] = []) -> Route {
        Route(operation, "GET", pattern, query)
    }
    private static func post(_ operation: Operation, _ pattern: String) -> Route {
        Route(operation, "POST", pattern, [])
    }

    /// All of the API. `docs/openapi.json` describes exactly these; a test holds the two together.
    static let all: [Route] = [
        get(.status, "/v1/status"),
        get(.watch, "/v1/watch"),
        get(.appStatus, "/v1/apps/{app}"),
        get(.appHistory, "/v1/apps/{app}/history", ["limit"]),
        get(.history, "/v1/history", ["limit"]),
        get(.diff, "/v1/apps/{app}/diff", ["from", "to"]),
        get(.logs, "/v1/apps/{app}/logs", ["process", "job", "run", "tail", "since", "follow"]),
        get(.cronHistory, "/v1/apps/{app}/cron", ["entry", "limit"]),
        post(.cronRun, "/v1/apps/{app}/cron/{entry}/run"),
        post(.retry, "/v1/apps/{app}/retry"),
        post(.rollback, "/v1/apps/{app}/rollback"),
        post(.abort, "/v1/apps/{app}/abort"),
        post(.promote, "/v1/apps/{app}/promote"),
        post(.execute, "/v1/apps/{app}/exec"),
        post(.run, "/v1/apps/{app}/run"),
        get(.runs, "/v1/apps/{app}/runs"),
        post(.pause, "/v1/apps/{app}/pause"),
        post(.resume, "/v1/apps/{app}/resume"),
        get(.plan, "/v1/plan", ["source", "head", "base"]),
        post(.planFiles, "/v1/plan"),
        get(.trace, "/v1/trace/{container}"),
        post(.sync, "/v1/sync"),
        post(.approve, "/v1/approvals"),
        post(.testNotices, "/v1/notices/test"),
        get(.events, "/v1/events", ["after", "follow"]),
        get(.metrics, "/metrics"),
        get(.whoami, "/v1/whoami"),
        get(.tokens, "/v1/tokens"),
        post(.createToken, "/v1/tokens"),
        post(.revokeToken, "/v1/tokens/{token}/revoke"),
        get(.audit, "/v1/audit", ["app", "project", "actor", "since", "limit"]),
        get(.health, "/healthz"),
        get(.readiness, "/readyz")
    ]

    enum Match: Sendable {
        /// `parameters`: what stands for `{app}` and the like, not checked yet.
        case found(Route, parameters: [String: String])
        case wrongMethod(allowed: [String])
        case notFound
    }

    static func match(method: String, segments: [String]) -> Match {
        var allowed: [String] = []
        for (route, parts) in table {
            guard let parameters = bind(parts, to: segments) else { continue }
            if route.method == method { return .found(route, parameters: parameters) }
            allowed.append(route.method)
        }
        return allowed.isEmpty ? .notFound : .wrongMethod(allowed: allowed)
    }

    private static let table: [(Route, [Substring])] = all.map { ($0, $0.pattern.split(separator: "/")) }

    private static func bind(_ parts: [Substring], to segments: [String]) -> [String: String]? {
        guard parts.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (part, segment) in zip(parts, segments) {
            if part.hasPrefix("{"), part.hasSuffix("}") {
                parameters[String(part.dropFirst().dropLast())] = segment
            } else if part != segment {
                return nil
            }
        }
        return parameters
    }
}
