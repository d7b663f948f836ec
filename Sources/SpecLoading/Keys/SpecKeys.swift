/// The table of all keys: the decoder knows a key from it, and schema and reference are made of it.
public enum SpecKeys {
    public static let all: [SpecKey] = top + shorthand + processes + release + cron + deploy + autoscaling

    /// Names of the keys that may stand in the map at `pattern`; `nil` where the table has none.
    static func children(of pattern: String) -> [String]? { childrenByParent[pattern] }

    /// Keys of process `web` that may stand at the top.
    static let shorthandNames = [
        "command", "replicas", "port", "domains", "edge", "healthcheck", "resources", "restart",
        "stop_grace_period",
        "drain_timeout", "capabilities", "host_paths", "host_ports",
        "placement"
    ]

    private static let childrenByParent: [String: [String]] = {
        var children: [String: [String]] = [:]
        for key in all where key.name != "*" { children[key.parent, default: []].append(key.name) }
        return children
    }()

    private static let volumesType = SpecType.either([
        .map(keys: .name, of: .object, atLeast: 0), .list(.mount, atLeast: 0, atMost: 64)
    ])

    private static let top: [SpecKey] = [
        SpecKey("name", .name, isRequired: true, "The app's name, unique in the installation."),
        SpecKey(
            "project", .name, default: "the source's project", "The project: apps of one share a network."),
        SpecKey("extends", .relativePath, "A base spec that this one is merged over, relative to this file."),
        SpecKey(
            "x-base", .only(true), "Marks a document as a base for `extends`; it is never an app by itself."),
        SpecKey(
            "image", .image, isRequired: true, "The image of all processes: `registry/repository:tag@digest`."
        ),
        SpecKey(
            "env", .map(keys: .variable, of: .variable, atLeast: 0),
            "Environment variables. `${app}`, `${project}` and `${domain}` are filled in; `$${` is a literal `${`."
        ),
        SpecKey(
            "env_files", .list(.relativePath, atLeast: 0, atMost: 32),
            "Files of `KEY=VALUE` lines, relative to this file; `env` wins over them, a later file over an earlier."
        ),
        SpecKey(
            "files", .map(keys: .absolutePath, of: .relativePath, atLeast: 0),
            "Files put into each container: absolute path there, and the path here relative to this file."),
        SpecKey(
            "secrets", .list(.either([.secretName, .object]), atLeast: 0, atMost: 256),
            "Names of secrets: each is a file `/run/secrets/NAME` in every container. See docs/secrets.md."),
        SpecKey("secrets[].name", .secretName, isRequired: true, "The name of the secret."),
        SpecKey(
            "secrets[].env", .either([.boolean, .secretName]), default: "`false`",
            "An environment variable as well: `true` for one of the same name, or its name. The engine shows it to"
                + " whoever may inspect the container."),
        SpecKey(
            "secrets_files", .list(.relativePath, atLeast: 1, atMost: 16),
            default: "`APP.secrets.yaml` beside this file",
            "Files with the encrypted values, relative to this file; a later one wins."),
        SpecKey("depends_on", .list(.name, atLeast: 0, atMost: 64), "Apps that must be converged first."),
        SpecKey("group", .name, "The release group: its apps promote together, and go back together."),
        SpecKey(
            "release", .object,
            "A command that runs once per release, before anything changes."),
        SpecKey(
            "reversible", .boolean, default: "`true`",
            "`false`: a failed release is held for a person instead of rolled back."),
        SpecKey(
            "processes", .map(keys: .name, of: .object, atLeast: 1), default: "one process `web`",
            "The ways to run the image, by name. Where it is given, the keys of `web` cannot stand at the top."
        ),
        SpecKey(
            "volumes", volumesType,
            "A map declares the app's volumes. A list mounts volumes in `web` and declares them, without `processes`."
        ),
        SpecKey("volumes.*", .object, "A volume of the app. Slipway never deletes one."),
        SpecKey(
            "volumes.*.shared", .boolean, default: "`false`",
            "`true`: several instances may write at once, so new ones may start beside the old ones."),
        SpecKey(
            "cron", .list(.object, atLeast: 0, atMost: 64),
            "Commands that are run by the clock, each in a container of its own. See docs/cron.md."),
        SpecKey("deploy", .object, "How a new release takes over."),
        SpecKey(
            "autoscaling", .object, since: "later", "How the number of instances of `web` follows the load."),
        SpecKey("addons", .anything, since: "later", "Reserved for managed databases and the like.")
    ]

    private static let process: [SpecKey] = [
        SpecKey(
            "command", .command, default: "the image's",
            "The command as a list of words; no shell is involved."),
        SpecKey(
            "replicas", .integer(SpecRange.replicas), default: "`1`", "Instances; `0` keeps the process off."),
        SpecKey(
            "port", .integer(SpecRange.port), "The port that the process listens on; also set as `PORT`."),
        SpecKey(
            "domains", .list(.either([.host, .object]), atLeast: 0, atMost: 64), since: "edge",
            "Host names under which the process is reached."),
        SpecKey("domains[].host", .host, since: "edge", isRequired: true, "The host name."),
        SpecKey(
            "domains[].path", .urlPath, since: "edge",
            "Only requests for this path and what is below it; the instance sees the whole path."),
        SpecKey("domains[].redirect", .host, since: "edge", "Send visitors to this host instead."),
        SpecKey("edge", .object, since: "edge", "How the edge treats requests for the process."),
        SpecKey(
            "edge.protocol", .choice(["http", "h2c"]), default: "`http`", since: "edge",
            "What instances speak: HTTP/1.1, or HTTP/2 without TLS as gRPC servers do."),
        SpecKey(
            "edge.https", .choice(["redirect", "both", "off"]), default: "`redirect`", since: "edge",
            "Send plain HTTP to HTTPS, answer both, or answer plain HTTP only and ask for no certificate."),
        SpecKey(
            "edge.timeout", .duration, default: "`60s`", since: "edge",
            "The longest silence of an instance before the answer is 504; `1s` to `24h`."),
        SpecKey(
            "edge.tunnel_timeout", .duration, default: "`1h`", since: "edge",
            "The same on an upgraded connection, such as a WebSocket."),
        SpecKey(
            "edge.max_body", .size, default: "no limit", since: "edge",
            "Larger request bodies are answered 413; `1` to `64T`."),
        SpecKey(
            "edge.max_requests", .integer(SpecRange.concurrency), default: "no limit", since: "edge",
            "Requests that one instance gets at once; more of them wait for their turn."),
        SpecKey(
            "edge.rate_limit", .integer(SpecRange.rate), default: "no limit", since: "edge",
            "Requests of one client address in a second; more of them are answered 429."),
        SpecKey(
            "edge.sticky", .boolean, default: "`false`", since: "edge",
            "A visitor comes to the same instance while it is there, by a cookie."),
        SpecKey(
            "edge.basic_auth", .map(keys: .user, of: .passwordHash, atLeast: 1), since: "edge",
            "Who may enter: user to hash of the password, as `openssl passwd -6` prints it."),
        SpecKey(
            "edge.allow", .list(.network, atLeast: 0, atMost: 256), default: "everybody", since: "edge",
            "Networks of clients that may enter; others are answered 403."),
        SpecKey(
            "edge.internal", .boolean, default: "`false`", since: "edge",
            "Containers reach process `web` as `http://APP.internal`, others as `http://PROCESS.APP.internal`."
        ),
        SpecKey(
            "edge.maintenance", .relativePath, default: "a plain page", since: "edge",
            "The page that is answered with 503 while no instance is ready, relative to this file."),
        SpecKey(
            "healthcheck", .object, default: "an instance is proven by running",
            "How an instance is proven healthy. Exactly one of `path`, `tcp`, `grpc` and `command`."),
        SpecKey("healthcheck.path", .urlPath, "`GET` of this path must answer 2xx or 3xx."),
        SpecKey(
            "healthcheck.tcp", .either([.only(true), .integer(SpecRange.port)]),
            "A connection must open: `true` for the process's port, or a port."),
        SpecKey(
            "healthcheck.grpc", .either([.only(true), .grpcService]),
            "The gRPC health protocol must say `SERVING`: `true` for the whole server, or a service's name."),
        SpecKey("healthcheck.command", .command, "This command in the container must exit with 0."),
        SpecKey(
            "healthcheck.host", .authority, default: "the instance's address", "The `Host` header for `path`."
        ),
        SpecKey(
            "healthcheck.port", .integer(SpecRange.port), default: "the process's port", "The port to ask."),
        SpecKey("healthcheck.interval", .duration, default: "`10s`", "Between checks; `500ms` to `1h`."),
        SpecKey("healthcheck.timeout", .duration, default: "`5s`", "For one check; `100ms` to `10m`."),
        SpecKey(
            "healthcheck.retries", .integer(SpecRange.retries), default: "`3`",
            "Failures in a row that count."),
        SpecKey(
            "healthcheck.start_interval", .duration, default: "`1s`",
            "Between checks until the first one passes; `100ms` to `10m`."),
        SpecKey(
            "healthcheck.start_period", .duration, default: "`30s`",
            "Failures are not counted in this time after the start; up to `1h`."),
        SpecKey("resources", .object, default: "no limits", "Limits of each instance."),
        SpecKey("resources.cpus", .cpus, "Cores, such as `0.5`; `0.01` to `1024`."),
        SpecKey("resources.memory", .size, "Such as `256M` or `1.5G`, in powers of 1024; `6M` to `64T`."),
        SpecKey(
            "volumes", .list(.mount, atLeast: 0, atMost: 64),
            "Mounts: `uploads:/data`, or `uploads:/data:ro`."),
        SpecKey(
            "restart", .choice(["always", "unless-stopped", "on-failure", "no"]), default: "`always`",
            "What the engine does when an instance exits. Of a proven release Slipway starts it again in any case."
        ),
        SpecKey(
            "stop_grace_period", .duration, default: "`30s`",
            "Between `SIGTERM` and `SIGKILL`; up to `1h`."),
        SpecKey(
            "drain_timeout", .duration, default: "`30s`",
            "The longest that requests under way may take when an instance leaves; up to `1h`."),
        SpecKey(
            "capabilities", .list(.capability, atLeast: 0, atMost: 64),
            "Linux capabilities beside the engine's, such as `NET_ADMIN`; only those that the project may have."
        ),
        SpecKey(
            "host_paths", .list(.hostPath, atLeast: 0, atMost: 64),
            "Paths of the host: `/srv/media:/media:ro`; only those that the project may have."),
        SpecKey(
            "host_ports", .list(.hostPort, atLeast: 0, atMost: 64),
            "Ports of the host: `2222:22`, `53:5353/udp`, `127.0.0.1:5432:5432`; only those that the project may have, and"
                + " of one replica."),
        SpecKey("placement", .object, since: "later", "Where instances may stand."),
        SpecKey("placement.spread", .nodeLabel, since: "later", "A label of nodes to spread instances over."),
        SpecKey(
            "placement.constraints", .list(.constraint, atLeast: 0, atMost: 32), since: "later",
            "Labels that a node must have, or not: `disk==ssd`, `disk!=ssd`.")
    ]

    private static let processes: [SpecKey] =
        [SpecKey("processes.*", .object, "One process.")] + process.map { $0.below("processes.*.") }

    private static let shorthand: [SpecKey] =
        process.filter { key in
            shorthandNames.contains(where: {
                key.path == $0 || key.path.hasPrefix("\($0).") || key.path.hasPrefix("\($0)[")
            })
        }

    private static let release: [SpecKey] = [
        SpecKey(
            "release.command", .command, isRequired: true,
            "Run once per release in a container of its own, before anything of the app changes."),
        SpecKey(
            "release.timeout", .duration, default: "`5m`",
            "How long it may run, `1s` to `24h`; then it is stopped and the release has failed."),
        SpecKey(
            "release.process", .name, default: "`web`, or the first process",
            "The process whose environment, volumes, secrets and limits it gets.")
    ]

    private static let cron: [SpecKey] = [
        SpecKey("cron[].name", .name, isRequired: true, "Unique among processes and cron entries."),
        SpecKey(
            "cron[].schedule", .schedule, isRequired: true,
            "Minute, hour, day of month, month, day of week as in crontab, or `@hourly`, `@daily`, `@weekly`, `@monthly`,"
                + " `@yearly`. See docs/cron.md."),
        SpecKey("cron[].timezone", .timezone, default: "`UTC`", "Such as `Europe/Berlin`."),
        SpecKey(
            "cron[].command", .command, isRequired: true,
            "The command as a list of words; no shell is involved."),
        SpecKey(
            "cron[].process", .name, default: "`web`, else the first by name",
            "The process whose volumes and limits it has."),
        SpecKey(
            "cron[].timeout", .duration, default: "`1h`",
            "An attempt that takes longer is stopped and has failed; `1s` to `24h`."),
        SpecKey(
            "cron[].overlap", .choice(["allow", "forbid", "replace"]), default: "`forbid`",
            "What happens when an earlier run is still under way: both run, the later one is skipped, or the earlier"
                + " one is stopped first."),
        SpecKey(
            "cron[].retries", .integer(SpecRange.cronRetries), default: "`0`",
            "More attempts of a run that has failed, with growing pauses between them."),
        SpecKey(
            "cron[].missed_run_window", .duration, default: "`10m`",
            "How late a run may start that was due while nobody could start it; `0s` to `168h`. Of several, the latest"
                + " is run.")
    ]

    private static let deploy: [SpecKey] = [
        SpecKey(
            "deploy.strategy", .choice(["rolling", "canary", "blue_green", "recreate"]), default: "`rolling`",
            "How the new release takes over; see the strategies above."),
        SpecKey(
            "deploy.steps", .list(.percent(1...100), atLeast: 1, atMost: 20),
            default: "`[5%, 25%, 50%, 100%]`",
            "`canary`: rising shares of traffic, and of instances rounded up; the last is `100%`."),
        SpecKey(
            "deploy.bake", .duration, default: "`60s` for `canary`, `0s` for `blue_green`",
            "How long each step must hold; up to `24h`."),
        SpecKey(
            "deploy.max_surge", .portion, default: "`25%`",
            "Instances above `replicas` meanwhile, rounded up."),
        SpecKey(
            "deploy.max_unavailable", .portion, default: "`0`",
            "Instances below `replicas` meanwhile, rounded down."),
        SpecKey(
            "deploy.min_healthy_time", .duration, default: "`10s`",
            "How long new instances must stay healthy; up to `1h` and below `timeout`."),
        SpecKey(
            "deploy.timeout", .duration, default: "`10m`", "The longest time without progress; `1s` to `24h`."
        ),
        SpecKey(
            "deploy.rollback", .boolean, default: "`true`",
            "Whether a failed release is rolled back by itself."),
        SpecKey(
            "deploy.approval", .choice(["none", "before_deploy", "before_promote"]), default: "`none`",
            "What a person must approve: that anything starts, or that the new release gets all requests."),
        SpecKey(
            "deploy.analysis", .list(.object, atLeast: 0, atMost: 16),
            "Checks of each step of `canary`, or of `blue_green` after the switch. Each has exactly one of `metric`, "
                + "`command`, `http` and `prometheus`."),
        SpecKey(
            "deploy.analysis[].metric", .choice(["error_rate", "latency_p50", "latency_p95", "latency_p99"]),
            since: "edge", "A figure of the new release, as the edge counts it. Needs `max`."),
        SpecKey("deploy.analysis[].max", .limit, since: "edge", "`1%` for a rate, `300ms` for a latency."),
        SpecKey(
            "deploy.analysis[].compare", .choice(["last_good"]), since: "edge",
            "Also no worse than the last good release in the same time."),
        SpecKey(
            "deploy.analysis[].tolerance", .percent(0...1_000), default: "`0%`", since: "edge",
            "With `compare`: how much worse it may be."),
        SpecKey(
            "deploy.analysis[].min_requests", .integer(SpecRange.requests), default: "`50`", since: "edge",
            "Fewer requests than this in a step give no verdict."),
        SpecKey(
            "deploy.analysis[].on_insufficient", .choice(["hold", "proceed", "rollback"]),
            default: "`hold`", since: "edge",
            "What becomes of a step that has baked with too few requests: wait for more, go on, or roll back."
        ),
        SpecKey(
            "deploy.canary_match", .object, since: "edge",
            "What marks a request that is to reach the new release on purpose, whatever its share: exactly one of"
                + " `header` and `cookie`."),
        SpecKey("deploy.canary_match.header", .token, since: "edge", "The name of a header."),
        SpecKey("deploy.canary_match.cookie", .token, since: "edge", "The name of a cookie."),
        SpecKey(
            "deploy.canary_match.value", .tokenValue, default: "any", since: "edge",
            "The value that it must have."),
        SpecKey(
            "deploy.preview", .host, since: "edge",
            "A host under which only the new release answers, while it moves in."),
        SpecKey("deploy.analysis[].command", .command, "A command in a new instance that must exit with 0."),
        SpecKey("deploy.analysis[].http", .urlPath, "A path of a new instance that must answer 2xx."),
        SpecKey(
            "deploy.analysis[].prometheus", .text,
            "A condition in PromQL that must hold, such as `rate(errors_total{release=\"${release}\"}[1m]) < 0.05`;"
                + " `${app}` and `${release}` are filled in."),
        SpecKey(
            "deploy.analysis[].every", .duration, default: "`30s`",
            "Between two runs of a command or request; `1s` to `1h`."),
        SpecKey(
            "deploy.analysis[].failures", .integer(SpecRange.retries), default: "`2`",
            "Failures in a row that fail the release.")
    ]

    private static let autoscaling: [SpecKey] = [
        SpecKey(
            "autoscaling.min", .integer(1...1_000), since: "later", isRequired: true, "Fewest instances."),
        SpecKey("autoscaling.max", .integer(1...1_000), since: "later", isRequired: true, "Most instances."),
        SpecKey(
            "autoscaling.target_cpu", .percent(1...100), since: "later", isRequired: true,
            "The load of the processors to aim at.")
    ]
}

extension SpecKey {
    fileprivate func below(_ prefix: String) -> SpecKey {
        var key = self
        key.path = prefix + path
        return key
    }
}

/// Bounds of the spec's numbers and times.
enum SpecRange {
    static let replicas = 0...1_000
    static let port = 1...65_535
    static let retries = 1...100
    static let cronRetries = 0...10
    static let requests = 0...1_000_000
    static let concurrency = 1...100_000
    static let rate = 1...1_000_000
    static let pageInBytes = 16 << 10
}
