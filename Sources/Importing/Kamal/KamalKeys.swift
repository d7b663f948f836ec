/// Keys of Kamal that the importer does not take over, and what is said of them.
enum KamalKeys {
    static let read: Set<String> = [
        "service", "image", "servers", "registry", "env", "volumes", "proxy", "accessories", "deploy_timeout",
        "drain_timeout", "stop_wait_time", "primary_role"
    ]

    static let top: [String: KeyFate] = [
        "builder": .note("Slipway builds no images: let your pipeline build and push them"),
        "boot": .note("how many instances move at once is `deploy.max_surge` and `deploy.max_unavailable`"),
        "asset_path": .toDo(
            "files of the old and the new release are not served together: keep assets that old pages ask for in the image, or behind a CDN"
        ),
        "error_pages_path": .toDo(
            "error pages are not taken over; one page while nothing is ready is `edge.maintenance`"),
        "hooks_path": .toDo(
            "hooks have no counterpart: what comes before a deploy is `release`, what comes after a notice"),
        "secrets_path": .note("secrets are encrypted in git beside the spec"),
        "labels": .note("labels are not passed on"),
        "logging": .note("the log driver is the engine's; set it there"),
        "readiness_delay": .note("a process without a check is proven after `deploy.min_healthy_time`"),
        "retain_containers": .note("what is kept is decided by Slipway: ten releases and their images"),
        "run_directory": .silent, "ssh": .silent, "sshkit": .silent, "aliases": .silent,
        "minimum_version": .silent,
        "require_destination": .silent, "allow_empty_roles": .silent, "output": .silent, "lock": .silent
    ]

    static let role: [String: KeyFate] = [
        "hosts": .silent, "cmd": .silent, "proxy": .silent, "options": .silent, "env": .silent,
        "labels": .note("labels are not passed on"),
        "logging": .note("the log driver is the engine's; set it there"),
        "asset_path": .toDo("files of the old and the new release are not served together"),
        "stop_wait_time": .silent
    ]

    static let proxy: [String: KeyFate] = [
        "host": .silent, "hosts": .silent, "app_port": .silent, "ssl": .silent, "healthcheck": .silent,
        "response_timeout": .silent, "path_prefix": .silent, "path_prefixes": .silent, "buffering": .silent,
        "strip_path_prefix": .silent,
        "forward_headers": .note("the edge sets the forwarding headers itself"),
        "ssl_redirect": .silent,
        "logging": .note("headers are not logged by the edge"),
        "run": .note("how the edge itself runs stands in the controller's configuration"),
        "error_pages_path": .toDo(
            "error pages are not taken over; one page while nothing is ready is `edge.maintenance`")
    ]

    static let accessory: [String: KeyFate] = [
        "image": .silent, "port": .silent, "env": .silent, "files": .silent, "directories": .silent,
        "volumes": .silent, "cmd": .silent, "options": .silent, "service": .silent, "proxy": .silent,
        "host": .silent, "hosts": .silent, "role": .silent, "roles": .silent, "tag": .silent, "tags": .silent,
        "registry": .silent,
        "labels": .note("labels are not passed on"),
        "network": .toDo("every instance is in the network of its project; another one cannot be chosen")
    ]
}
