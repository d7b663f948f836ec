internal import Model

extension SpecDecoder {
    /// The processes, sorted by name, and the app's volumes.
    func processesAndVolumes(_ top: Fields) -> ([ProcessSpec], [VolumeName: VolumeSpec]) {
        guard top.keyMarks["processes"] == nil else { return longForm(top) }
        return shortForm(top)
    }

    /// Without `processes`, the top is process `web`.
    private func shortForm(_ top: Fields) -> ([ProcessSpec], [VolumeName: VolumeSpec]) {
        guard let web = ProcessName("web") else { return ([], [:]) }
        var mounts: [MountSpec] = []
        var volumes: [VolumeName: VolumeSpec] = [:]
        if let field = top["volumes"] {
            if case .sequence = field.node.content {
                mounts = self.mounts(field)
                for mount in mounts { volumes[mount.volume] = VolumeSpec() }
            } else {
                volumes = declaredVolumes(field)
            }
        }
        return ([process(top, name: web, pattern: "", mounts: mounts)], volumes)
    }

    private func longForm(_ top: Fields) -> ([ProcessSpec], [VolumeName: VolumeSpec]) {
        for key in SpecKeys.shorthandNames where top.keyMarks[key] != nil {
            error(
                "shorthand_with_processes",
                "`\(key)` belongs to one process; with `processes` it stands under it, such as `processes.web.\(key)`",
                at: top.mark(of: key), key)
        }
        var volumes: [VolumeName: VolumeSpec] = [:]
        if let field = top["volumes"] {
            if case .sequence = field.node.content {
                error(
                    "shorthand_with_processes",
                    "with `processes`, `volumes` at the top is the map of the app's volumes; put the mounts under a process",
                    at: field.mark, field.path)
            } else {
                volumes = declaredVolumes(field)
            }
        }
        guard let field = top["processes"], let entries = map(field) else { return ([], volumes) }
        guard (1...32).contains(entries.count) else {
            error(
                "out_of_range", "`processes` has \(entries.count) entries; an app has 1 to 32",
                at: field.mark, field.path)
            return ([], volumes)
        }
        var processes: [ProcessSpec] = []
        for entry in entries {
            let path = join(field.path, entry.key)
            let name = name(entry.key, ProcessName.self, at: entry.keyMark, path)
            guard let fields = fields(Field(node: entry.value, path: path), "processes.*"), let name else {
                continue
            }
            let mounts = fields["volumes"].map { self.mounts($0) } ?? []
            checkDeclared(mounts, in: volumes, at: fields)
            processes.append(process(fields, name: name, pattern: "processes.*.", mounts: mounts))
        }
        return (processes.sorted { $0.name < $1.name }, volumes)
    }

    private func process(
        _ fields: Fields, name: ProcessName, pattern: String, mounts: [MountSpec]
    ) -> ProcessSpec {
        let port = integer(fields["port"], in: SpecRange.port)
        let replicas = integer(fields["replicas"], in: SpecRange.replicas)
        var healthcheck: HealthcheckSpec?
        if let field = fields["healthcheck"] {
            healthcheck = self.healthcheck(
                field, pattern: "\(pattern)healthcheck", hasPort: fields.has("port"))
        }
        let process = ProcessSpec(
            name: name, command: command(fields["command"]), replicas: replicas, port: port,
            domains: domains(fields, of: name, replicas: replicas, pattern: pattern),
            edge: edge(fields, of: name, pattern: pattern),
            healthcheck: healthcheck,
            resources: resources(fields["resources"], pattern: "\(pattern)resources"), volumes: mounts,
            restart: choice(fields["restart"], RestartPolicy.self),
            stopGracePeriod: duration(fields["stop_grace_period"], from: .zero, to: .minutes(60)),
            drainTimeout: duration(fields["drain_timeout"], from: .zero, to: .minutes(60)),
            hostAccess: hostAccess(fields, besides: mounts))
        if process.effectiveReplicas > 1, process.hostAccess?.ports.isEmpty == false {
            error(
                "host_port_replicas",
                "`\(name)` has \(process.effectiveReplicas) replicas, and only one of them could have a port of the host;"
                    + " give it one replica, or use `domains`",
                at: fields["host_ports"]?.mark ?? fields.mark, fields.path(of: "host_ports"))
        }
        decodePlacement(fields, process: name, pattern: pattern)
        return process
    }

    private func resources(_ field: Field?, pattern: String) -> ResourcesSpec? {
        guard let field, let fields = fields(field, pattern) else { return nil }
        let cpus = cpus(fields["cpus"])
        let memory = size(fields["memory"], from: 6 << 20, to: 64 << 40)
        return cpus == nil && memory == nil ? nil : ResourcesSpec(nanoCPUs: cpus, memoryInBytes: memory)
    }

    private func healthcheck(_ field: Field, pattern: String, hasPort: Bool) -> HealthcheckSpec? {
        guard let fields = fields(field, pattern) else { return nil }
        let check = check(fields, hasPort: hasPort)
        let interval = duration(fields["interval"], from: .milliseconds(500), to: .minutes(60))
        let timeout = duration(fields["timeout"], from: .milliseconds(100), to: .minutes(10))
        let retries = integer(fields["retries"], in: SpecRange.retries)
        let startInterval = duration(fields["start_interval"], from: .milliseconds(100), to: .minutes(10))
        let startPeriod = duration(fields["start_period"], from: .zero, to: .minutes(60))
        guard let check else { return nil }
        return HealthcheckSpec(
            check: check, interval: interval, timeout: timeout, retries: retries,
            startInterval: startInterval,
            startPeriod: startPeriod)
    }

    private func check(_ fields: Fields, hasPort: Bool) -> HealthcheckSpec.Check? {
        let kinds = ["path", "tcp", "grpc", "command"].filter { fields.keyMarks[$0] != nil }
        guard let kind = kinds.first, kinds.count == 1 else {
            let given =
                kinds.isEmpty
                ? "has none of them" : "has " + kinds.map { "`\($0)`" }.joined(separator: " and ")
            error(
                "bad_healthcheck",
                "`\(fields.path)` takes exactly one of `path`, `tcp`, `grpc` and `command`, and \(given)",
                at: kinds.count > 1 ? fields.mark(of: kinds[1]) : fields.mark, fields.path)
            return nil
        }
        let host = checked(fields["host"], "bad_host", wanted: "a host name in lower case", Grammar.authority)
        let port = integer(fields["port"], in: SpecRange.port)
        if fields.has("host"), kind != "path" { refuseExtra("host", fields, kind) }
        if fields.has("port"), kind == "command" { refuseExtra("port", fields, kind) }
        let isPortGiven = hasPort || fields.has("port")
        guard let field = fields[kind] else { return nil }
        switch kind {
        case "path":
            if !isPortGiven { missingPort(kind, fields) }
            let wanted = "a path that begins with `/` and has no blanks, such as `/health`"
            return checked(field, "bad_path", wanted: wanted, Grammar.urlPath).map {
                .http(path: $0, host: host, port: port)
            }
        case "tcp": return tcp(field, extraPort: port, isPortGiven: isPortGiven, fields)
        case "grpc":
            if !isPortGiven { missingPort(kind, fields) }
            if isTrue(field) { return .grpc(service: "", port: port) }
            let wanted = "`true` or the name of a service"
            return checked(field, "bad_healthcheck", wanted: wanted, Grammar.grpcService).map {
                .grpc(service: $0, port: port)
            }
        default: return command(field).map { .command($0) }
        }
    }

    private func tcp(
        _ field: Field, extraPort: Int?, isPortGiven: Bool, _ fields: Fields
    ) -> HealthcheckSpec.Check? {
        if isTrue(field) {
            if !isPortGiven { missingPort("tcp", fields) }
            return .tcp(port: extraPort)
        }
        guard case .scalar(let text, isPlain: true) = field.node.content,
            PlainScalar.kind(of: text) == .integer
        else {
            wrongType(field, wanted: "`true` or a port")
            return nil
        }
        if fields.has("port") { refuseExtra("port", fields, "tcp") }
        return integer(field, in: SpecRange.port).map { .tcp(port: $0) }
    }

    private func isTrue(_ field: Field) -> Bool {
        guard case .scalar(let text, isPlain: true) = field.node.content else { return false }
        return PlainScalar.kind(of: text) == .boolean && text.lowercased() == "true"
    }

    private func refuseExtra(_ key: String, _ fields: Fields, _ kind: String) {
        error(
            "no_effect", "`\(key)` means nothing beside `\(kind)`; remove it", at: fields.mark(of: key),
            fields.path(of: key))
    }

    private func missingPort(_ kind: String, _ fields: Fields) {
        error(
            "healthcheck_without_port", "a healthcheck by `\(kind)` needs a port; give the process a `port`",
            at: fields.mark(of: kind), fields.path(of: kind))
    }

    // MARK: Volumes

    private func declaredVolumes(_ field: Field) -> [VolumeName: VolumeSpec] {
        var volumes: [VolumeName: VolumeSpec] = [:]
        guard let entries = map(field) else { return volumes }
        for entry in entries {
            let path = join(field.path, entry.key)
            guard let name = name(entry.key, VolumeName.self, at: entry.keyMark, path) else { continue }
            if entry.value.isNull {
                volumes[name] = VolumeSpec()
            } else if let fields = fields(Field(node: entry.value, path: path), "volumes.*") {
                volumes[name] = VolumeSpec(shared: boolean(fields["shared"]))
            }
        }
        return volumes
    }

    private func mounts(_ field: Field) -> [MountSpec] {
        var mounts: [MountSpec] = []
        for item in list(field, limit: 64) ?? [] {
            guard let mount = mount(item) else { continue }
            let same = mounts.first { $0.target == mount.target || isNested($0.target, mount.target) }
            if let same {
                error(
                    "duplicate_item",
                    "`\(mount.target)` and `\(same.target)` are mounted over each other; keep one",
                    at: item.mark, item.path)
                continue
            }
            mounts.append(mount)
        }
        return mounts.sorted { $0.target < $1.target }
    }

    private func isNested(_ left: String, _ right: String) -> Bool {
        left.hasPrefix("\(right)/") || right.hasPrefix("\(left)/")
    }

    private func mount(_ field: Field) -> MountSpec? {
        let wanted = "a mount such as `uploads:/data` or `uploads:/data:ro`"
        guard let text = text(field, wanted: wanted) else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if let first = parts.first, first.hasPrefix("/") || first.hasPrefix(".") || first.hasPrefix("~") {
            error(
                "host_path",
                "`\(field.path)` mounts a path of the host, which is not allowed; name a volume of the app, use"
                    + " `files`, or `host_paths` if the project may have the path", at: field.mark, field.path
            )
            return nil
        }
        let isKnownMode = parts.count == 2 || (parts.count == 3 && (parts[2] == "ro" || parts[2] == "rw"))
        guard isKnownMode, let name = VolumeName(parts[0]), Grammar.containerPath(parts[1]) else {
            error(
                "bad_mount", "`\(field.path)` must be \(wanted), not `\(Printable.text(text))`",
                at: field.mark, field.path)
            return nil
        }
        return MountSpec(volume: name, target: parts[1], isReadOnly: parts.count == 3 && parts[2] == "ro")
    }

    private func checkDeclared(_ mounts: [MountSpec], in volumes: [VolumeName: VolumeSpec], at fields: Fields)
    {
        let unknown = Set(mounts.map(\.volume)).subtracting(volumes.keys).sorted()
        guard let field = fields["volumes"], let items = list(field, limit: 64) else { return }
        for item in items {
            guard case .scalar(let text, _) = item.node.content else { continue }
            guard let name = unknown.first(where: { text.hasPrefix("\($0):") }) else { continue }
            let meant = Suggestions.nearest(to: name.rawValue, among: volumes.keys.map(\.rawValue).sorted())
            let hint = meant.map { "did you mean `\($0)`?" } ?? "add `\(name): {}` there"
            error(
                "unknown_volume", "the app has no volume `\(name)` under `volumes` at the top; \(hint)",
                at: item.mark, item.path)
        }
    }
}
