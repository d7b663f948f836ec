# A registry on the loopback address, which engines take without TLS. Needs common.sh.

# registry_start DIR [PORT]: serves DIR/data; sets `registry` to HOST:PORT. One that runs already is kept.
registry_start() {
    local directory=$1 port=${2:-}
    mkdir -p "$directory"
    if [ -s "$directory/address" ] && curl -fs -o /dev/null "http://$(cat "$directory/address")/v2/"; then
        registry=$(cat "$directory/address")
        return 0
    fi
    [ -n "$port" ] || port=$(free_port) || die "no free TCP port for the registry"
    cat >"$directory/config.yml" <<YAML
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $directory/data}
  delete: {enabled: true}
  maintenance: {uploadpurging: {enabled: false}}
http: {addr: "127.0.0.1:$port"}
YAML
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin OTEL_TRACES_EXPORTER=none \
        setsid docker-registry serve "$directory/config.yml" </dev/null >>"$directory/log" 2>&1 &
    echo $! >"$directory/pid"
    disown $!
    registry=127.0.0.1:$port
    wait_for 15 curl -fs -o /dev/null "http://$registry/v2/" ||
        die "the registry does not answer: $(tail -3 "$directory/log")"
    echo "$registry" >"$directory/address"
}

# registry_stop DIR: the data stays.
registry_stop() {
    stop_process "$1/pid" "$1/config.yml"
    rm -f "$1/address"
}
