/// Keys of Compose that the importer does not take over, and what is said of them.
enum ComposeKeys {
    /// Keys of a service that the importer reads.
    static let read: Set<String> = [
        "image", "build", "command", "entrypoint", "environment", "env_file", "ports", "expose", "volumes",
        "depends_on",
        "healthcheck", "restart", "deploy", "scale", "mem_limit", "cpus", "stop_grace_period", "labels",
        "secrets",
        "configs", "profiles", "extends", "networks", "network_mode", "links", "external_links",
        "container_name"
    ]

    static let service: [String: KeyFate] = [
        "privileged": .toDo(
            "a privileged container is refused by policy: find out which capability it needs, and run it outside of Slipway if there is no way around"
        ),
        "cap_add": .toDo(
            "instances run with the engine's default capabilities: name more under `capabilities`, if the project may have them"
        ),
        "cap_drop": .note(
            "capabilities cannot be dropped one by one; instances run with the engine's default set"),
        "devices": .toDo("devices of the host cannot be given to instances; run it outside of Slipway"),
        "device_cgroup_rules": .toDo(
            "devices of the host cannot be given to instances; run it outside of Slipway"),
        "gpus": .toDo("graphics processors cannot be given to instances; run it outside of Slipway"),
        "runtime": .toDo(
            "another runtime cannot be chosen; make it the engine's default if all apps may have it"),
        "pid": .toDo(
            "namespaces of the host or of other containers cannot be joined; run it outside of Slipway"),
        "ipc": .toDo(
            "namespaces of the host or of other containers cannot be joined; run it outside of Slipway"),
        "uts": .toDo(
            "namespaces of the host or of other containers cannot be joined; run it outside of Slipway"),
        "userns_mode": .toDo("namespaces of the host cannot be joined; run it outside of Slipway"),
        "cgroup": .note("the control group cannot be chosen"),
        "cgroup_parent": .note("the control group cannot be chosen"),
        "security_opt": .toDo(
            "security options cannot be set; the engine's defaults hold. Check that the app runs with them"),
        "sysctls": .toDo(
            "kernel settings of a container cannot be set; set them on the host if the app needs them"),
        "ulimits": .toDo(
            "limits of processes cannot be set per app; set the engine's `default-ulimits` if the app needs more"
        ),
        "shm_size": .toDo(
            "the size of /dev/shm cannot be set, and is the engine's default of 64 MiB; set the engine's `default-shm-size`, or tell the app to need less"
        ),
        "tmpfs": .toDo(
            "a tmpfs cannot be mounted; what is written there goes into the container's own layer"),
        "user": .toDo("the user cannot be set in the spec; set it in the image (`USER`)"),
        "group_add": .toDo("groups cannot be added in the spec; set them in the image"),
        "working_dir": .toDo(
            "the working directory cannot be set in the spec; set it in the image (`WORKDIR`), or begin the command with `sh -c \"cd … && exec …\"`"
        ),
        "read_only": .note(
            "the root file system cannot be made read-only; it is thrown away with each instance all the same"
        ),
        "extra_hosts": .toDo("names cannot be added to /etc/hosts; use a name that the engine's DNS knows"),
        "dns": .note("name servers are the engine's; set them there"),
        "dns_search": .note("search domains are the engine's; set them there"),
        "dns_opt": .note("DNS options are the engine's; set them there"),
        "hostname": .note("the host name cannot be set: each instance has its own, as there may be several"),
        "domainname": .note("the domain name cannot be set"),
        "mac_address": .note("the MAC address cannot be set"),
        "logging": .note(
            "the log driver is the engine's; set it there. `slipway logs` reads the engine's logs"),
        "stop_signal": .toDo("the signal is the image's (`STOPSIGNAL`), else SIGTERM; set it there"),
        "pull_policy": .note("images are pulled once per release, by digest"),
        "platform": .note("the engine pulls for its own platform"),
        "volumes_from": .toDo(
            "volumes of other containers cannot be mounted; name the volume in this app, or keep both processes in one app"
        ),
        "annotations": .note("annotations are not passed on"),
        "storage_opt": .note("storage options cannot be set"),
        "blkio_config": .note("limits of block I/O cannot be set"),
        "cpu_shares": .note("only `resources.cpus` and `resources.memory` limit an instance"),
        "cpu_quota": .note("only `resources.cpus` and `resources.memory` limit an instance"),
        "cpu_period": .note("only `resources.cpus` and `resources.memory` limit an instance"),
        "cpuset": .note("instances cannot be tied to processors"),
        "mem_reservation": .note("only `resources.cpus` and `resources.memory` limit an instance"),
        "memswap_limit": .note("swap follows `resources.memory`"),
        "mem_swappiness": .note("swap follows `resources.memory`"),
        "oom_kill_disable": .note(
            "an instance above its memory limit is ended; the release fails if it is new"),
        "oom_score_adj": .note("the score for the kernel's choice cannot be set"),
        "pids_limit": .note("the number of processes cannot be limited"),
        "init": .note(
            "an init process cannot be added; put one into the image, or see that process 1 heeds SIGTERM"),
        "post_start": .toDo("hooks have no counterpart; do it in the image's entry point, or in `release`"),
        "pre_stop": .toDo("hooks have no counterpart; do it when SIGTERM arrives"),
        "provider": .toDo("providers have no counterpart"),
        "models": .toDo("models have no counterpart"),
        "credential_spec": .toDo("credential specs have no counterpart"),
        "use_api_socket": .toDo("the engine's socket cannot be given to instances"),
        "isolation": .note("isolation cannot be chosen"),
        "attach": .silent, "stdin_open": .silent, "tty": .silent, "develop": .silent, "label_file": .silent
    ]

    static let top: [String: KeyFate] = [
        "version": .silent, "services": .silent, "name": .silent, "volumes": .silent, "secrets": .silent,
        "configs": .silent, "networks": .silent,
        "include": .toDo("`include` is not followed; import those files as well"),
        "models": .toDo("models have no counterpart")
    ]

    static let deploy: [String: KeyFate] = [
        "replicas": .silent, "resources": .silent, "update_config": .silent, "restart_policy": .silent,
        "mode": .silent, "rollback_config": .note("a failed release goes back at once, all of it"),
        "labels": .note("labels of services are not passed on"),
        "endpoint_mode": .note("names lead to all instances, by DNS"),
        "placement": .toDo("instances run on the controller's one engine; see that it is the right host")
    ]
}
