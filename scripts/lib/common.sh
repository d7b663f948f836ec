# What every script shares. Source it: . "$(dirname "$0")/lib/common.sh"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Programs of other people's sessions must not leak in: one engine, named by us.
unset DOCKER_CONTEXT DOCKER_API_VERSION
export DOCKER_CLI_HINTS=false

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') green=$(printf '\033[32m') red=$(printf '\033[31m') plain=$(printf '\033[0m')
else
    bold='' green='' red='' plain=''
fi

# Arguments of `swift build` for programs that are used: optimised across the targets, and with the Swift runtime inside, so
# that a server needs no toolchain. The simulation takes two thirds of the time with them.
optimised=(-c release --static-swift-stdlib -Xswiftc -cross-module-optimization)

heading() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
say() { printf '%s\n' "$*"; }
die() {
    printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2
    exit 1
}

# wait_for SECONDS COMMAND...: runs it until it succeeds; fails once the time is over.
wait_for() {
    local end=$(($(date +%s%N) + $1 * 1000000000))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s%N)" -lt "$end" ] || return 1
        sleep 0.05
    done
}

# A TCP port of the loopback address that nobody listens on now, below the ephemeral range.
free_port() {
    local port
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
        port=$((20000 + (RANDOM % 10000)))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || {
            echo "$port"
            return 0
        }
    done
    return 1
}

# Ends the process that FILE names, if its command line still holds WORD: process ids are used again.
stop_process() {
    local file=$1 word=$2 pid
    [ -s "$file" ] || return 0
    pid=$(cat "$file")
    if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$word"; then
        kill "$pid" 2>/dev/null || true
        wait_for 20 process_gone "$pid" || kill -9 "$pid" 2>/dev/null || true
    fi
    rm -f "$file"
}

process_gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

# Installs the packages of scripts/packages.txt that are missing. Needs root only if one is.
install_packages() {
    local wanted missing=() name policy=/usr/sbin/policy-rc.d saved=''
    mapfile -t wanted < <(sed 's/#.*//; s/[[:space:]]//g; /^$/d' "$root/scripts/packages.txt")
    for name in "${wanted[@]}"; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q '^install ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || die "these packages are missing and only root can install them: ${missing[*]}"
    say "installing ${missing[*]}"
    # The packages' own scripts must start no daemon; whatever policy there was is put back after.
    if [ -e "$policy" ]; then
        saved=$(mktemp)
        cp -p "$policy" "$saved"
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    local failed=''
    {
        apt-get -qq update &&
            DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
                -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "${missing[@]}" >/dev/null
    } || failed=1
    if [ -n "$saved" ]; then
        cp -p "$saved" "$policy"
        rm -f "$saved"
    else
        rm -f "$policy"
    fi
    [ -z "$failed" ] || die "apt-get could not install ${missing[*]}: see its message above"
}
