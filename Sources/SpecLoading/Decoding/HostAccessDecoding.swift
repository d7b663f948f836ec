internal import Model

extension SpecDecoder {
    /// - Parameter mounts: of volumes; nothing is mounted over another thing.
    func hostAccess(_ fields: Fields, besides mounts: [MountSpec]) -> HostAccess? {
        var access = HostAccess()
        for item in list(fields["capabilities"], limit: 64) ?? [] {
            let wanted = "the name of a capability without `CAP_`, such as `NET_ADMIN`"
            guard let name = checked(item, "bad_capability", wanted: wanted, Capability.isName) else {
                continue
            }
            if access.capabilities.contains(name) {
                error("duplicate_item", "`\(name)` is given twice; keep one", at: item.mark, item.path)
            } else {
                access.capabilities.append(name)
            }
        }
        var targets = mounts.map(\.target)
        for item in list(fields["host_paths"], limit: 64) ?? [] {
            guard let path = hostPath(item) else { continue }
            let isTaken = targets.contains {
                $0 == path.target || $0.hasPrefix("\(path.target)/") || path.target.hasPrefix("\($0)/")
            }
            if isTaken {
                error(
                    "duplicate_item", "`\(path.target)` is mounted over another mount; keep one",
                    at: item.mark,
                    item.path)
            } else {
                targets.append(path.target)
                access.paths.append(path)
            }
        }
        for item in list(fields["host_ports"], limit: 64) ?? [] {
            let wanted = "a port of the host and one of the container, such as `2222:22` or `53:5353/udp`"
            guard let text = checked(item, "bad_host_port", wanted: wanted, { HostPort($0) != nil }),
                let port = HostPort(text)
            else { continue }
            if access.ports.contains(where: { $0.claim.isSame(as: port.claim) }) {
                error("duplicate_item", "`\(port.claim)` is given twice; keep one", at: item.mark, item.path)
            } else {
                access.ports.append(port)
            }
        }
        access.ports.sort()
        access.capabilities.sort()
        access.paths.sort { $0.target < $1.target }
        return access.isEmpty ? nil : access
    }

    private func hostPath(_ field: Field) -> HostPath? {
        let wanted = "a path of the host and where it is mounted, such as `/srv/media:/media:ro`"
        guard let text = text(field, wanted: wanted) else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let isKnownMode = parts.count == 2 || (parts.count == 3 && (parts[2] == "ro" || parts[2] == "rw"))
        guard isKnownMode, HostPathRule(parts[0]) != nil, Grammar.containerPath(parts[1]) else {
            error(
                "bad_host_path", "`\(field.path)` must be \(wanted), not `\(Printable.text(text))`",
                at: field.mark, field.path)
            return nil
        }
        return HostPath(source: parts[0], target: parts[1], isReadOnly: parts.count == 3 && parts[2] == "ro")
    }

    /// - Parameter rules: of the project; `nil`: there is no such project.
    func checkHostAccess(
        of project: ProjectName, _ rules: ProjectRules?, _ processes: [ProcessSpec], at top: Fields
    ) {
        for process in processes {
            guard let access = process.hostAccess else { continue }
            for name in access.capabilities where rules?.capabilities.contains(name) != true {
                refuse("capability_not_allowed", "capabilities", "capability", name, process, project, top)
            }
            for path in access.paths where rules?.hostPaths.contains(where: { $0.allows(path) }) != true {
                let text = path.isReadOnly ? "\(path.source):ro" : path.source
                refuse("host_path_not_allowed", "host_paths", "path of the host", text, process, project, top)
            }
            for port in access.ports where rules?.hostPorts.contains(where: { $0.allows(port.claim) }) != true
            {
                refuse(
                    "host_port_not_allowed", "host_ports", "port of the host", "\(port.claim)", process,
                    project, top)
            }
        }
    }

    private func refuse(
        _ code: String, _ key: String, _ kind: String, _ text: String, _ process: ProcessSpec,
        _ project: ProjectName, _ top: Fields
    ) {
        let node = top["processes"]?.node.entries?.first { $0.key == process.name.rawValue }?.value
        let mark = (node.map { $0[key] } ?? top[key]?.node)?.mark ?? top.mark
        error(
            code,
            "`\(Printable.text(text))` is no \(kind) that apps of the project `\(project)` may have; whoever runs the"
                + " controller allows it with `projects[].\(key)` of its configuration",
            at: mark, node == nil ? key : "processes.\(process.name).\(key)")
    }
}
