extension SpecType {
    /// What the reference calls the type.
    var displayName: String {
        switch self {
        case .name: "name"
        case .image: "image"
        case .text: "text"
        case .boolean: "boolean"
        case .duration: "duration"
        case .size: "size"
        case .cpus: "cores"
        case .integer(let range): "integer \(range.lowerBound)–\(range.upperBound)"
        case .portion: "count or share"
        case .percent(let range): "share \(range.lowerBound)–\(range.upperBound)%"
        case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
        case .relativePath: "path"
        case .absolutePath: "absolute path"
        case .mount: "mount"
        case .capability: "capability"
        case .hostPath: "path of the host and mount point"
        case .hostPort: "port of the host and of the container"
        case .host: "host name"
        case .schedule: "schedule"
        case .timezone: "time zone"
        case .nodeLabel: "label"
        case .constraint: "constraint"
        case .secretName: "variable name"
        case .urlPath: "request path"
        case .authority: "host name, perhaps with port"
        case .grpcService: "service name"
        case .passwordHash: "hash of a password"
        case .network: "address or network"
        case .token: "header or cookie name"
        case .tokenValue: "word"
        case .limit: "share or duration"
        case .variable: "text, number or boolean"
        case .only(let flag): "`\(flag)`"
        case .list(let item, _, _): "list of \(item.displayName)"
        case .object: "map"
        case .map(.name, .object, _): "map by name"
        case .map(let keys, let value, _): "map: \(keys.displayName) → \(value.displayName)"
        case .either(let types): types.map(\.displayName).joined(separator: ", or ")
        case .anything: "reserved"
        }
    }
}

extension SpecType.KeyPattern {
    var displayName: String {
        switch self {
        case .name: "name"
        case .variable: "variable name"
        case .absolutePath: "absolute path"
        case .user: "user"
        }
    }

    var pattern: String {
        switch self {
        case .name: SpecSchema.namePattern
        case .variable: "^(?!SLIPWAY_)[A-Za-z_][A-Za-z0-9_.-]{0,255}$"
        case .absolutePath: SpecSchema.containerPathPattern
        case .user: "^[A-Za-z0-9_.@-]{1,64}$"
        }
    }
}
