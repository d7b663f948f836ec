import Execution
import FoundationEssentials
import Simulation
import Testing

/// A Docker Engine in namespaces of its own, for scenarios that stop and kill it. Needs root.
final class PrivateEngine: Sendable {
    private static let pool = BlockingPool(name: "private engine", threads: 1)

    let directory: String
    var socketPath: String { directory + "/docker.sock" }

    private init(directory: String) { self.directory = directory }

    /// Starts one that has the image `app:1`, imported from the archive `rootFileSystem`.
    static func start(rootFileSystem: String) async throws -> PrivateEngine {
        let directory =
            "/tmp/slipway-conformance-" + String(UInt32.random(in: 0x1000_0000 ... .max), radix: 36)
        let engine = PrivateEngine(directory: directory)
        do {
            try await engine.run(#"mkdir -p "$0/data" && mount -t tmpfs -o size=1g tmpfs "$0/data""#)
            try await engine.powerOn()
            try await engine.run(
                #"docker -H "unix://$0/docker.sock" import --change 'ENV PATH=/bin' '\#(rootFileSystem)' app:1"#
            )
        } catch {
            await engine.takeAway()
            throw error
        }
        return engine
    }

    func goThrough(_ outage: FakeEngine.Outage) async throws {
        switch outage {
        case .restart:
            try await run(#"kill "$(cat "$0/dockerd.pid")"; \#(Self.waitForEnd)"#)
            try await startDaemon()
        case .crash:
            // The shims of the containers go on.
            try await run(
                #"""
                for pid in $(pgrep -x containerd); do
                    tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF "$0/exec/" && kill -9 "$pid"
                done
                kill -9 "$(cat "$0/dockerd.pid")"; \#(Self.waitForEnd)
                """#)
            try await startDaemon()
        case .powerCut:
            // What is frozen does not die before it is thawed, and its groups would still be there at the next start.
            try await run(
                #"""
                kill -9 "$(cat "$0/init.pid")"
                \#(Self.thaw)
                \#(Self.waitForEnd)
                """#)
            try await run(Self.removeGroups)
            try await powerOn()
        }
    }

    private static let thaw = #"""
        find /sys/fs/cgroup -path "*/$(basename "$0")/*" -name freezer.state |
            while read -r file; do echo THAWED >"$file"; done
        find /sys/fs/cgroup -path "*/$(basename "$0")/*" -name cgroup.freeze |
            while read -r file; do echo 0 >"$file"; done
        """#
    private static let removeGroups = #"""
        for _ in $(seq 100); do
            find /sys/fs/cgroup -depth -type d -path "*/$(basename "$0")*" -exec rmdir {} + 2>/dev/null
            [ -n "$(find /sys/fs/cgroup -type d -path "*/$(basename "$0")*")" ] || exit 0
            sleep 0.05
        done
        """#
    private static let waitForEnd = #"""
        pid=$(cat "$0/dockerd.pid")
        for _ in $(seq 600); do
            [ ! -e "/proc/$pid" ] || grep -q '^State:.Z' "/proc/$pid/status" && exit 0
            sleep 0.05
        done
        exit 1
        """#

    /// The first process of the namespaces; when it is killed, all that is in them goes. It reaps what is orphaned.
    private func powerOn() async throws {
        try await run(
            #"""
            rm -rf "$0/ready" "$0/exec"
            setsid unshare -n -m -p -f --mount-proc --kill-child sh -c '
                mount -t tmpfs tmpfs /run && ip link set lo up && touch "$0/ready"
                while :; do sleep 1; done' "$0" </dev/null >"$0/init.log" 2>&1 &
            outer=$!
            for _ in $(seq 200); do [ -e "$0/ready" ] && break; sleep 0.05; done
            [ -e "$0/ready" ] || { cat "$0/init.log" >&2; exit 1; }
            tr -d ' ' <"/proc/$outer/task/$outer/children" >"$0/init.pid"
            """#)
        try await startDaemon()
    }

    private func startDaemon() async throws {
        try await run(
            #"""
            echo '{}' >"$0/daemon.json"
            rm -f "$0/docker.pid" "$0/docker.sock" "$0/exec/containerd/containerd.pid"
            setsid nsenter -t "$(cat "$0/init.pid")" -n -m -p -- dockerd --config-file "$0/daemon.json" \
                --data-root "$0/data" --exec-root "$0/exec" --pidfile "$0/docker.pid" -H "unix://$0/docker.sock" \
                --cgroup-parent "/$(basename "$0")" </dev/null >>"$0/docker.log" 2>&1 &
            outer=$!
            for _ in $(seq 600); do
                if curl -sf -m 2 -o /dev/null --unix-socket "$0/docker.sock" http://engine/_ping; then
                    tr -d ' ' <"/proc/$outer/task/$outer/children" >"$0/dockerd.pid"
                    exit 0
                fi
                sleep 0.05
            done
            tail -5 "$0/docker.log" >&2
            exit 1
            """#)
    }

    func takeAway() async {
        let script = #"""
            kill -9 "$(cat "$0/init.pid")" 2>/dev/null
            \#(Self.thaw)
            for _ in $(seq 100); do umount "$0/data" 2>/dev/null && break; sleep 0.05; done
            rm -rf "$0"
            \#(Self.removeGroups)
            """#
        do { try await run(script) } catch { Issue.record("taking the private engine away: \(error)") }
    }

    private struct Failed: Error { var text: String }

    private func run(_ script: String) async throws {
        let directory = directory
        let output = try await Self.pool.run { () throws(Subprocess.Failure) in
            try Subprocess.run(
                ["/bin/sh", "-c", script, directory],
                environment: ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                input: [],
                timeout: .seconds(60))
        }
        guard output.exitCode == 0, !output.timedOut else {
            throw Failed(text: String(decoding: output.standardError.suffix(1_000), as: UTF8.self))
        }
    }
}
