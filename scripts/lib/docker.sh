# shellcheck shell=bash
# A Docker engine for the tests. Source it; it needs root for starting one, and only then.
#
#   ensure_docker        an engine answers at $SLIPWAY_TEST_SOCKET afterwards: the one that runs, or one of our own
#   stop_docker          stops the engine that ensure_docker started, and no other
#   docker_answers       true if an engine answers at $SLIPWAY_TEST_SOCKET
#
# SLIPWAY_TEST_SOCKET   path of the engine's socket, default /var/run/docker.sock; exported, the tests read it
# SLIPWAY_DOCKER_STATE  folder for an engine of our own, default /var/lib/slipway-test-docker

export SLIPWAY_TEST_SOCKET="${SLIPWAY_TEST_SOCKET:-/var/run/docker.sock}"
SLIPWAY_DOCKER_STATE="${SLIPWAY_DOCKER_STATE:-/var/lib/slipway-test-docker}"

docker_answers() {
    [ -S "$SLIPWAY_TEST_SOCKET" ] &&
        curl -sf -m 5 -o /dev/null --unix-socket "$SLIPWAY_TEST_SOCKET" http://engine/_ping
}

ensure_docker() {
    docker_answers && return 0
    if [ "$(id -u)" != 0 ]; then
        echo "no engine answers at $SLIPWAY_TEST_SOCKET, and starting one needs root" >&2
        return 1
    fi
    if ! command -v dockerd >/dev/null; then
        echo "dockerd is missing: install the packages named in scripts/packages.txt" >&2
        return 1
    fi
    mkdir -p "$SLIPWAY_DOCKER_STATE" "$(dirname "$SLIPWAY_TEST_SOCKET")" || return 1
    # Two test runs that begin together must not start two engines in one network: the second would flush the
    # first one's rules.
    (
        flock 9
        docker_answers || start_docker_locked
    ) 9>"$SLIPWAY_DOCKER_STATE/lock"
}

start_docker_locked() {
    local state=$SLIPWAY_DOCKER_STATE flags=() waited=0
    mount_cgroups
    mount_data_root "$state"
    if ! iptables -t nat -L -n >/dev/null 2>&1; then
        echo "iptables does not work here: the engine publishes ports through its own proxy only" >&2
        flags+=(--iptables=false)
    fi
    rm -f "$state/docker.pid"
    # The default address pools are enough for about thirty networks; tests that run side by side need more.
    # An own configuration file, so that the machine's does not change what the tests see. File descriptor 9 is
    # the lock: a child that kept it would hold the lock for as long as the engine runs.
    echo '{}' >"$state/daemon.json"
    # What a killed engine left over: its containerd, and sockets and pid files that keep a new one from starting.
    pkill -9 -f -- "$state/exec/containerd/containerd.toml" 2>/dev/null || true
    pkill -9 -f -- "containerd-shim.* -address $state/exec/" 2>/dev/null || true
    awk -v root="$state/exec/" 'index($2, root) == 1 { print $2 }' /proc/mounts | xargs -r umount -l 2>/dev/null || true
    rm -rf "$state/exec" "$state/docker.pid"
    setsid dockerd --config-file "$state/daemon.json" --data-root "$state/data" --exec-root "$state/exec" \
        --pidfile "$state/docker.pid" --host "unix://$SLIPWAY_TEST_SOCKET" --insecure-registry 127.0.0.0/8 \
        --default-address-pool base=10.201.0.0/16,size=26 \
        "${flags[@]}" >"$state/docker.log" 2>&1 </dev/null 9>&- &
    local pid=$!
    while ! docker_answers; do
        if ! kill -0 "$pid" 2>/dev/null || [ $((waited += 1)) -gt 300 ]; then
            echo "dockerd does not start; the end of $state/docker.log:" >&2
            tail -n 20 "$state/docker.log" >&2
            return 1
        fi
        sleep 0.1
    done
}

# A bare container of a build service has no cgroup file system; dockerd needs one.
mount_cgroups() {
    grep -qE ' /sys/fs/cgroup(/[a-z,_=]+)? cgroup2? ' /proc/mounts && return 0
    mountpoint -q /sys/fs/cgroup || mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
    awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups | while read -r controller; do
        mkdir -p "/sys/fs/cgroup/$controller"
        # Some controllers belong to the other cgroup version; the engine does without them.
        mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" 2>/dev/null ||
            rmdir "/sys/fs/cgroup/$controller"
    done
}

# On an overlay file system dockerd silently falls back to copying whole images; memory is faster.
mount_data_root() {
    mkdir -p "$1/data"
    case $(stat -f -c %T "$1/data") in
    overlayfs) mount -t tmpfs -o size=4g tmpfs "$1/data" ;;
    esac
}

stop_docker() {
    local pid file=$SLIPWAY_DOCKER_STATE/docker.pid
    [ -r "$file" ] || return 0
    pid=$(cat "$file")
    # The number may have been given to another program since.
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] || return 0
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}
