internal import Model
internal import Ports

/// Nothing of a route reaches HAProxy's configuration or its socket that is not plain by these rules.
///
/// The loader of specs has rules of its own; this is the last door, and knows what HAProxy would read into a text.
enum RouteValidation {
    static func check(_ route: Route) throws(EdgeError) {
        func require(_ isGood: Bool, _ what: @autoclosure () -> String) throws(EdgeError) {
            guard isGood else { throw EdgeError(.refused, "the route of \(route.key) is refused: \(what())") }
        }
        for network in route.callers ?? [] {
            try require(isNetwork(network), "`\(shown(network))` is not a network")
        }
        var names: Set<String> = []
        for domain in route.domains {
            try require(
                isHost(domain.host, mayBeWildcard: true), "`\(shown(domain.host))` is not a host name")
            if let path = domain.path { try require(isPath(path), "`\(shown(path))` is not a plain path") }
            if let target = domain.redirect {
                try require(isHost(target, mayBeWildcard: false), "`\(shown(target))` is not a host name")
            }
            try require(
                names.insert(MapEntries.key(domain.host, domain.path)).inserted,
                "`\(domain.host)` is there twice")
        }
        if let trial = route.trial {
            if let host = trial.host {
                try require(isHost(host, mayBeWildcard: false), "`\(shown(host))` is not a host name")
                try require(
                    names.insert(MapEntries.key(host, nil)).inserted, "`\(host)` is a domain and the preview")
            }
            if let match = trial.match {
                try require(isToken(match.name), "`\(shown(match.name))` is not the name of a mark")
                if let value = match.value {
                    try require(isToken(value), "`\(shown(value))` is not a plain value")
                }
            }
        }
        var servers: Set<String> = []
        for target in route.targets {
            try require(isServerName(target.name), "`\(shown(target.name))` is not the name of an instance")
            try require(servers.insert(target.name).inserted, "the instance `\(target.name)` is there twice")
            try require((1...65_535).contains(target.port), "`\(target.name)` has the port \(target.port)")
            if let address = target.address {
                try require(isAddress(address), "`\(shown(address))` is not an address")
            }
        }
        for share in (route.split ?? [:]).values {
            try require((0...100).contains(share), "\(share) is not a share in per cent")
        }
        try check(route.options, require: require)
    }

    private static func check(
        _ options: EdgeSpec, require: (Bool, @autoclosure () -> String) throws(EdgeError) -> Void
    ) throws(EdgeError) {
        for time in [options.effectiveTimeout, options.effectiveTunnelTimeout] {
            try require(
                (1...86_400_000).contains(time.milliseconds), "the timeout \(time) is not 1 ms to 24 h")
        }
        try require((1...100_000).contains(options.maxRequests ?? 1), "max_requests is not 1 to 100000")
        try require((1...1_000_000).contains(options.rateLimit ?? 1), "rate_limit is not 1 to 1000000")
        try require((1...1 << 50).contains(options.maxBodyInBytes ?? 1), "max_body is not 1 to 2^50 bytes")
        for user in options.users ?? [] {
            try require(isUser(user.name), "`\(shown(user.name))` is not the name of a user")
            // The hash is never shown.
            try require(
                isHash(user.passwordHash), "the password of `\(user.name)` is not a hash such as $6$…")
        }
        for network in options.allow ?? [] {
            try require(isNetwork(network), "`\(shown(network))` is not a network")
        }
        if let page = options.maintenancePage {
            try require(page.content.data.count <= 24 << 10, "the maintenance page has more than 24 KiB")
        }
    }

    // MARK: Grammars

    static func isHost(_ text: String, mayBeWildcard: Bool) -> Bool {
        var rest = text[...]
        if mayBeWildcard, rest.hasPrefix("*.") { rest = rest.dropFirst(2) }
        guard (1...253).contains(rest.utf8.count) else { return false }
        return rest.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.utf8.first != hyphen && label.utf8.last != hyphen
                && label.utf8.allSatisfy { isLower($0) || isDigit($0) || $0 == hyphen || $0 == underscore }
        }
    }

    /// Begins with `/`; of the characters of RFC 3986 without those that mean something to HAProxy (`;` ends a command)
    /// or to a query.
    static func isPath(_ text: String) -> Bool {
        text.utf8.first == UInt8(ascii: "/") && text.utf8.count <= 1_024
            && text.utf8.allSatisfy { isAlphanumeric($0) || "/-._~%!&()*+,=:@".utf8.contains($0) }
    }

    static func isToken(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == hyphen || $0 == underscore || $0 == dot }
    }

    static func isServerName(_ text: String) -> Bool {
        isToken(text) && (text.utf8.first.map(isAlphanumeric) ?? false)
    }

    static func isUser(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { isAlphanumeric($0) || "._@-".utf8.contains($0) }
    }

    static func isHash(_ text: String) -> Bool {
        (text.hasPrefix("$5$") || text.hasPrefix("$6$")) && text.utf8.count <= 256
            && text.utf8.allSatisfy { isAlphanumeric($0) || "$./=".utf8.contains($0) }
    }

    /// An IPv4 or IPv6 address, without brackets.
    static func isAddress(_ text: String) -> Bool { AddressText.isAddress(text) }

    static func isPlainAddressByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || ".:[]-*".utf8.contains(byte)
    }

    static func isNetwork(_ text: String) -> Bool {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first, isAddress(String(address)) else { return false }
        guard parts.count == 2 else { return true }
        guard let bits = Int(parts[1]), parts[1].utf8.allSatisfy(isDigit) else { return false }
        return (0...(address.contains(":") ? 128 : 32)).contains(bits)
    }

    private static let hyphen = UInt8(ascii: "-")
    private static let underscore = UInt8(ascii: "_")
    private static let dot = UInt8(ascii: ".")
    private static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLower(byte) || isDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    /// A hostile text, so that it can stand in a message.
    private static func shown(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(80).map { (0x20...0x7e).contains($0.value) ? $0 : "?" }))
    }
}
