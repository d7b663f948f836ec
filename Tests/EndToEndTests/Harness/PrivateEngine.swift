import FoundationEssentials

/// A Docker Engine in namespaces of its own, for tests that stop and kill it, with a registry beside it.
///
/// Its socket is a file and works from outside; container addresses are reached by programs started with `enter`.
final class PrivateEngine: Sendable {
    let directory: String
    let socket: String
    let enter: [String]
    let registry: String
    private let registryServer: TestRegistry

    private init(directory: String, enter: [String], registryServer: TestRegistry) {
        self.directory = directory
        self.enter = enter
        self.registryServer = registryServer
        socket = directory + "/docker.sock"
        registry = registryServer.address
    }

    static func start(settings: Settings) async throws -> PrivateEngine {
        let directory = "/tmp/slipway-engine-" + String(UInt32.random(in: 0x1000_0000 ... .max), radix: 36)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        // The first process of the namespaces; when it is killed, all that is in them goes.
        let script = #"""
            setsid unshare -n -m -p -f --mount-proc --kill-child sh -c '
                mount -t tmpfs tmpfs /run && ip link set lo up && touch "$0/ready" && exec sleep infinity' "$0" \
                </dev/null >"$0/init.log" 2>&1 &
            outer=$!
            for _ in $(seq 200); do [ -e "$0/ready" ] && break; sleep 0.05; done
            [ -e "$0/ready" ] || { cat "$0/init.log" >&2; exit 1; }
            cat "/proc/$outer/task/$outer/children" | tr -d ' ' >"$0/init.pid"
            mkdir -p "$0/data" && mount -t tmpfs -o size=2g tmpfs "$0/data"
            cat "$0/init.pid"
            """#
        let first = try await Shell.succeed(["sh", "-c", script, directory])
        let enter = ["nsenter", "-t", first, "-n", "--"]
        let registry = try await TestRegistry.start(in: directory + "/registry", enter: enter)
        let engine = PrivateEngine(directory: directory, enter: enter, registryServer: registry)
        try await engine.startDaemon()
        let docker = Engine(socket: engine.socket)
        for version in ["1", "2"] {
            let address = "\(registry.address)/app:\(version)"
            try await docker.docker(
                "import", "--change", "ENV PATH=/bin", "--change", #"CMD ["/bin/serve"]"#, "--change",
                "ENV VERSION=\(version)", settings.rootFileSystem, address)
            try await docker.docker("push", "-q", address)
        }
        return engine
    }

    func startDaemon() async throws {
        let script = #"""
            echo '{}' >"$0/daemon.json"
            rm -f "$0/docker.pid" "$0/docker.sock"
            setsid nsenter -t "$(cat "$0/init.pid")" -n -m -p -- dockerd --config-file "$0/daemon.json" \
                --data-root "$0/data" --exec-root "$0/exec" --pidfile "$0/docker.pid" -H "unix://$0/docker.sock" \
                --insecure-registry 127.0.0.0/8 --cgroup-parent "/$(basename "$0")" </dev/null >>"$0/docker.log" 2>&1 &
            for _ in $(seq 600); do
                curl -sf -m 2 -o /dev/null --unix-socket "$0/docker.sock" http://engine/_ping && exit 0
                sleep 0.05
            done
            tail -5 "$0/docker.log" >&2
            exit 1
            """#
        try await Shell.succeed(["sh", "-c", script, directory])
    }

    /// SIGTERM, as a package upgrade sends it: the containers stop, too.
    func stopDaemon() async throws {
        let script = #"""
            nsenter -t "$(cat "$0/init.pid")" -m -p -- sh -c '
                pid=$(cat "$0/docker.pid"); kill "$pid"
                while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done' "$0"
            """#
        try await Shell.succeed(["sh", "-c", script, directory])
    }

    func takeAway() async throws {
        try await registryServer.stop()
        let script = #"""
            kill -9 "$(cat "$0/init.pid")" 2>/dev/null
            for _ in $(seq 100); do umount "$0/data" 2>/dev/null && break; sleep 0.05; done
            find /sys/fs/cgroup -depth -type d -path "*/$(basename "$0")*" -exec rmdir {} + 2>/dev/null
            rm -rf "$0"
            """#
        _ = try await Shell.run(["sh", "-c", script, directory])
    }
}
