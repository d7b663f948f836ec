/// Specs with short times, so that the suite is fast. The keys that a test is about are given.
struct SpecText {
    var name = "shop"
    var image = "app:1"
    var replicas = 1
    var env: [String: String] = [:]
    /// More keys of the process `web`, one line each.
    var web: [String] = []
    /// More lines at the top.
    var top: [String] = []
    /// Whole processes beside `web`, each a line such as `worker: {…}`.
    var processes: [String] = []
    var healthcheck = "path: /health"
    var deploy = ["max_surge: 1", "timeout: 8s"]
    var minHealthyTime = "500ms"
    var stopGrace = "2s"
    var startPeriod = "5s"
    var checkTimeout = "1s"
    var checkRetries = 2

    func yaml(_ world: World) -> String { yaml(registry: world.settings.registry) }

    func yaml(registry: String) -> String {
        var lines = ["name: \(name)", "image: \(registry.isEmpty ? "" : registry + "/")\(image)"]
        if !env.isEmpty {
            lines.append("env:")
            for (key, value) in env.sorted(by: { $0.key < $1.key }) { lines.append("  \(key): \"\(value)\"") }
        }
        lines += top
        lines += ["processes:", "  web:", "    replicas: \(replicas)", "    port: 8080"]
        lines.append(
            "    healthcheck: {\(healthcheck), interval: 1s, timeout: \(checkTimeout), retries: \(checkRetries), "
                + "start_interval: 200ms, start_period: \(startPeriod)}")
        lines.append("    stop_grace_period: \(stopGrace)")
        lines += web.map { "    " + $0 }
        lines += processes.map { "  " + $0 }
        lines.append("deploy:")
        lines += (deploy + ["min_healthy_time: \(minHealthyTime)"]).map { "  " + $0 }
        return lines.joined(separator: "\n") + "\n"
    }
}
