internal import FoundationEssentials
internal import Model

extension SpecDecoder {
    /// The host names of a process.
    func domains(_ fields: Fields, of process: ProcessName, replicas: Int?, pattern: String) -> [DomainSpec]?
    {
        guard let field = fields["domains"] else { return nil }
        let domains = (list(field, limit: 64) ?? []).compactMap { domain($0, pattern: "\(pattern)domains[]") }
        guard !domains.isEmpty else { return nil }
        if replicas == 0 {
            error(
                "domains_without_replicas",
                "`\(process)` has domains but 0 replicas, so nobody would answer",
                at: fields.mark(of: "domains"), fields.path(of: "domains"))
        }
        if !fields.has("port") {
            error(
                "domains_without_port", "`\(process)` has domains but no `port` to send requests to",
                at: fields.mark(of: "domains"), fields.path(of: "domains"))
        }
        return domains
    }

    private func domain(_ field: Field, pattern: String) -> DomainSpec? {
        guard field.node.entries != nil else { return host(field).map { DomainSpec(host: $0) } }
        guard let fields = fields(field, pattern) else { return nil }
        let name = host(require(fields, "host"))
        let path = checked(
            fields["path"], "bad_path", wanted: "a path such as `/shop`, without `?`",
            { Grammar.urlPath($0) && !$0.contains("?") })
        let redirect = checked(
            fields["redirect"], "bad_host", wanted: "a host name in lower case, such as `shop.example.com`",
            { Grammar.host($0, isWildcardAllowed: false) })
        if let name, name == redirect {
            error(
                "redirect_to_itself", "`\(name)` cannot be redirected to itself",
                at: fields.mark(of: "redirect"), fields.path(of: "redirect"))
        }
        return name.map { DomainSpec(host: $0, path: path, redirect: redirect) }
    }

    private func host(_ field: Field?) -> String? {
        checked(
            field, "bad_host",
            wanted: "a host name in lower case, such as `shop.example.com` or `*.example.com`",
            { Grammar.host($0, isWildcardAllowed: true) })
    }

    /// How the edge treats the requests of a process.
    func edge(_ parent: Fields, of process: ProcessName, pattern: String) -> EdgeSpec? {
        guard let field = parent["edge"], let fields = fields(field, "\(pattern)edge") else { return nil }
        if !parent.has("port") {
            error(
                "edge_without_port", "`\(process)` has `edge` but no `port` to send requests to",
                at: parent.mark(of: "edge"), parent.path(of: "edge"))
        }
        var maintenancePage: PageSpec?
        if let page = fields["maintenance"], let (source, bytes) = read(page, atMost: SpecRange.pageInBytes) {
            maintenancePage = PageSpec(source: source, content: FileContent(Data(bytes)))
        }
        let spec = EdgeSpec(
            backendProtocol: choice(fields["protocol"], EdgeSpec.BackendProtocol.self),
            https: choice(fields["https"], EdgeSpec.HTTPSPolicy.self),
            timeout: duration(fields["timeout"], from: .seconds(1), to: .minutes(24 * 60)),
            tunnelTimeout: duration(fields["tunnel_timeout"], from: .seconds(1), to: .minutes(24 * 60)),
            maxBodyInBytes: size(fields["max_body"], from: 1, to: 64 << 40),
            maxRequests: integer(fields["max_requests"], in: SpecRange.concurrency),
            rateLimit: integer(fields["rate_limit"], in: SpecRange.rate), sticky: boolean(fields["sticky"]),
            users: users(fields["basic_auth"]), allow: networks(fields["allow"]),
            isInternal: boolean(fields["internal"]), maintenancePage: maintenancePage)
        if spec.users != nil, spec.https == .off || spec.https == .both {
            warning(
                "password_in_the_clear",
                "`basic_auth` over plain HTTP shows passwords to everybody on the way; use `https: redirect`",
                at: fields.mark(of: "https"), fields.path(of: "https"))
        }
        return spec == EdgeSpec() ? nil : spec
    }

    private func users(_ field: Field?) -> [EdgeUser]? {
        guard let field, let entries = map(field) else { return nil }
        guard (1...256).contains(entries.count) else {
            error(
                "out_of_range", "`\(field.path)` has \(entries.count) entries; 1 to 256 are allowed",
                at: field.mark, field.path)
            return nil
        }
        return entries.compactMap { user($0, in: field) }.sorted { $0.name < $1.name }
    }

    private func user(_ entry: YAMLEntry, in field: Field) -> EdgeUser? {
        let path = join(field.path, entry.key)
        guard Grammar.user(entry.key) else {
            error(
                "bad_user", "a user's name has letters, digits, `.`, `_`, `@` and `-`, at most 64",
                at: entry.keyMark, path)
            return nil
        }
        // What stands there may be a password in the clear: it is never shown.
        guard case .scalar(let hash, _) = entry.value.content, Grammar.passwordHash(hash) else {
            error(
                "bad_password_hash",
                "`\(path)` must be the hash of a password, `$6$…`, as `openssl passwd -6` prints it",
                at: entry.value.mark, path)
            return nil
        }
        return EdgeUser(name: entry.key, passwordHash: hash)
    }

    private func networks(_ field: Field?) -> [String]? {
        let wanted = "an address or a network such as `10.0.0.0/8`"
        return list(field, limit: 256)?.compactMap {
            checked($0, "bad_network", wanted: wanted, Grammar.network)
        }
    }

    /// What marks a request that is to reach the new release.
    func trialMatch(_ field: Field?) -> TrialMatch? {
        guard let field, let fields = fields(field, "deploy.canary_match") else { return nil }
        let parts = TrialMatch.Part.allCases.filter { fields.keyMarks[$0.rawValue] != nil }
        guard let part = parts.first, parts.count == 1 else {
            error(
                "bad_canary_match", "`\(field.path)` takes exactly one of `header` and `cookie`",
                at: field.mark, field.path)
            return nil
        }
        let name = checked(
            fields[part.rawValue], "bad_token",
            wanted: "the name of a \(part.rawValue): letters, digits, `_` and `-`", Grammar.token)
        let value = checked(
            fields["value"], "bad_token", wanted: "a word of letters, digits, `_`, `.` and `-`",
            Grammar.tokenValue)
        return name.map { TrialMatch(part: part, name: $0, value: value) }
    }
}
