# Real images for the examples, the demo and the tests: a busybox with the application in lib/app. Nothing is
# downloaded. Needs common.sh, busybox-static and an engine.

# images_rootfs DIR: makes DIR/rootfs.tar, the same bytes each time.
images_rootfs() {
    local directory=$1 tree=$1/rootfs applet
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,dev,etc,proc,root,run,sys,tmp}
    cp "$(command -v busybox)" "$tree/bin/busybox"
    for applet in $(busybox --list); do
        [ "$applet" = busybox ] || ln -sf busybox "$tree/bin/$applet"
    done
    echo 'root:x:0:0:root:/root:/bin/sh' >"$tree/etc/passwd"
    echo 'root:x:0:' >"$tree/etc/group"
    install -m 755 "$root/scripts/lib/app/serve" "$root/scripts/lib/app/answer" "$tree/bin/"
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$tree" -cf "$directory/rootfs.tar" .
    rm -rf "$tree"
}

# image TAR NAME [CHANGE...]: imports it under NAME; with `registry` set, as $registry/NAME, and pushes it.
image() {
    local tar=$1 name=${registry:+$registry/}$2 changes=(--change 'ENV PATH=/bin') change
    shift 2
    for change in "$@"; do changes+=(--change "$change"); done
    docker import "${changes[@]}" "$tar" "$name" >/dev/null || return 1
    [ -z "${registry:-}" ] || docker push -q "$name" >/dev/null
}

# images_examples TAR: what examples/shop asks for, and the releases that the demo commits one after the other.
images_examples() {
    local tar=$1 serve='CMD ["/bin/serve"]' expose='EXPOSE 8080'
    image "$tar" database:16.2 "$serve" "$expose" 'ENV VERSION=16.2' &&
        image "$tar" catalog:2.3.0 "$serve" "$expose" 'ENV VERSION=2.3.0' &&
        image "$tar" shop:1.4.2 "$serve" "$expose" 'ENV VERSION=1.4.2' &&
        image "$tar" shop:1.5.0 "$serve" "$expose" 'ENV VERSION=1.5.0' &&
        image "$tar" shop:1.6.0 "$serve" "$expose" 'ENV VERSION=1.6.0' 'ENV FAIL=500' &&
        image "$tar" notes:1.0.0 "$serve" "$expose" 'ENV VERSION=1.0.0' &&
        image "$tar" mail:7.0.0 "$serve" "$expose" 'ENV VERSION=7.0.0' &&
        image "$tar" admin:0.3.0 "$serve" "$expose" 'ENV VERSION=0.3.0'
}

# images_tests TAR: good, bad and odd ones for the end-to-end tests.
images_tests() {
    local tar=$1 serve='CMD ["/bin/serve"]' version
    for version in 1 2 3; do
        image "$tar" "app:$version" "$serve" "ENV VERSION=$version" || return 1
    done
    image "$tar" app:exits "$serve" 'ENV VERSION=exits' 'ENV CRASH_AFTER=0' 'ENV EXIT=3' &&
        image "$tar" app:answers-500 "$serve" 'ENV VERSION=answers-500' 'ENV FAIL=500' &&
        image "$tar" app:fails-late "$serve" 'ENV VERSION=fails-late' 'ENV DIE_AFTER=1' &&
        image "$tar" app:no-command 'ENV VERSION=no-command' &&
        image "$tar" app:wrong-command 'CMD ["/bin/no-such-program"]' 'ENV VERSION=wrong-command' &&
        image "$tar" app:checks-host "$serve" 'ENV VERSION=checks-host' 'ENV HOST_CHECK=shop.example.com' &&
        image "$tar" app:leaks "$serve" 'ENV VERSION=leaks' 'ENV LEAK=4' &&
        image "$tar" app:stubborn "$serve" 'ENV VERSION=stubborn' 'ENV IGNORE_TERM=1' &&
        image "$tar" app:slow "$serve" 'ENV VERSION=slow' 'ENV START_DELAY=3'
}
