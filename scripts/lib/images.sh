# Real images for the examples, the demo and the tests: a busybox with the application in lib/app, listened for by
# ipsvd's tcpsvd. Nothing is downloaded. Needs common.sh, busybox-static, ipsvd and an engine.

# images_rootfs DIR: makes DIR/rootfs.tar, the same bytes each time.
images_rootfs() {
    local directory=$1 tree=$1/rootfs applet
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,dev,etc,proc,root,run,sys,tmp}
    cp "$(command -v busybox)" "$tree/bin/busybox"
    cp "$(command -v tcpsvd)" "$tree/bin/tcpsvd"
    libraries "$tree" "$tree/bin/tcpsvd"
    for applet in $(busybox --list); do
        [ "$applet" = busybox ] || ln -sf busybox "$tree/bin/$applet"
    done
    echo 'root:x:0:0:root:/root:/bin/sh' >"$tree/etc/passwd"
    echo 'root:x:0:' >"$tree/etc/group"
    install -m 755 "$root/scripts/lib/app/serve" "$root/scripts/lib/app/answer" "$tree/bin/"
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$tree" -cf "$directory/rootfs.tar" .
    rm -rf "$tree"
}

# libraries TREE PROGRAM...: copies the shared libraries that the programs are linked with to where they look.
libraries() {
    local tree=$1 lib
    shift
    ldd "$@" | grep -oE '/[^ ]+\.so[^ ]*' | grep -v lib-dynload | sort -u | while read -r lib; do
        mkdir -p "$tree/$(dirname "$lib")"
        cp -L "$lib" "$tree/$lib"
    done
}

# images_python DIR: makes DIR/python.tar: Debian's Python with lib/app/web.py, for applications that keep connections.
images_python() {
    local directory=$1 tree=$1/python version lib
    version=$(/usr/bin/python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,dev,etc,lib64,proc,root,run,sys,tmp,usr/bin,"usr/lib/$version"}
    cp "/usr/bin/$version" "$tree/usr/bin/python3"
    tar -C "/usr/lib/$version" --exclude=__pycache__ --exclude='config-*' --exclude=test --exclude=idlelib \
        --exclude=lib2to3 --exclude=ensurepip --exclude=distutils --exclude=pydoc_data --exclude=tkinter \
        --exclude=turtledemo --exclude=sitecustomize.py -cf - . | tar -C "$tree/usr/lib/$version" -xf -
    # Compiled once here and not at each start; all files of the archive have the same time, so it is not compared.
    /usr/bin/python3 -m compileall -q --invalidation-mode unchecked-hash -d "/usr/lib/$version" \
        "$tree/usr/lib/$version"/{*.py,collections,email,encodings,html,http,importlib,json,re,urllib}
    libraries "$tree" "/usr/bin/$version" "/usr/lib/$version"/lib-dynload/*.so
    echo 'root:x:0:0:root:/root:/bin/sh' >"$tree/etc/passwd"
    install -m 644 "$root/scripts/lib/app/web.py" "$tree/bin/"
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$tree" -cf "$directory/python.tar" .
    rm -rf "$tree"
}

# images_web TAR: the application of web.py; its environment says how it misbehaves.
images_web() {
    local version
    for version in 1 2; do
        image "$1" "web:$version" 'CMD ["/usr/bin/python3", "-u", "/bin/web.py"]' "ENV VERSION=$version" || return 1
    done
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

# images_guides DIR: what examples/django, examples/rails and examples/queue ask for: DIR/python.tar with a shell and the
# stand-ins of lib/guides, and Debian's Redis.
images_guides() {
    local directory=$1 tree=$1/guides version applet
    rm -rf "$tree"
    mkdir -p "$tree"/{app,data,rails/storage,bin}
    tar -C "$tree" -xf "$directory/python.tar"
    cp "$(command -v busybox)" "$tree/bin/busybox"
    for applet in sh cat ls sleep env; do ln -sf busybox "$tree/bin/$applet"; done
    install -m 644 "$root"/scripts/lib/guides/{manage,queue}.py "$tree/app/"
    { echo '#!/usr/bin/python3 -u'; cat "$root/scripts/lib/guides/rails.py"; } >"$tree/bin/rails"
    chmod 755 "$tree/bin/rails"
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$tree" -cf "$directory/guides.tar" .
    rm -rf "$tree"
    local path='ENV PATH=/bin:/usr/bin' buffer='ENV PYTHONUNBUFFERED=1'
    for version in 1 2 3; do
        image "$directory/guides.tar" "django-shop:$version" "$path" "$buffer" "ENV VERSION=$version" 'WORKDIR /app' &&
            image "$directory/guides.tar" "rails-store:$version" "$path" "$buffer" "ENV VERSION=$version" &&
            image "$directory/guides.tar" "orders:$version" "$path" "$buffer" "ENV VERSION=$version" 'WORKDIR /app' ||
            return 1
    done
    images_redis "$directory"
}

# images_redis DIR: Debian's Redis, which keeps its data in /data.
images_redis() {
    local tree=$1/redis
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,data,dev,etc,lib64,proc,tmp,usr/bin}
    # The server is the program of redis-tools under another name; its own package would start a service.
    cp "$(command -v redis-check-rdb)" "$tree/usr/bin/redis-server"
    cp "$(command -v redis-cli)" "$tree/usr/bin/"
    cp "$(command -v busybox)" "$tree/bin/busybox"
    ln -sf busybox "$tree/bin/sh"
    libraries "$tree" "$tree/usr/bin/redis-server" "$tree/usr/bin/redis-cli"
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$tree" -cf "$1/redis.tar" .
    rm -rf "$tree"
    image "$1/redis.tar" redis:7 'ENV PATH=/bin:/usr/bin' \
        'CMD ["/usr/bin/redis-server", "--dir", "/data", "--appendonly", "yes", "--save", "", "--protected-mode", "no"]'
}
