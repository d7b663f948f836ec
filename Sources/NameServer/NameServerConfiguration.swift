/// What containers ask for names: everything below a suffix is one address, the rest is asked elsewhere.
public struct NameServerConfiguration: Sendable, Hashable {
    /// Absolute; made with mode 0700 if there is none. Configuration, process id and log are kept there.
    public var directory: String
    /// The IPv4 address to listen on, and no other: one that containers reach and the outside does not.
    public var address: String
    /// For UDP and TCP, 1 to 65,535. Containers ask at 53 only.
    public var port: Int
    /// Names that end with it are at `target`: `internal` stands for `internal`, `shop.internal`,
    /// `a.shop.internal`.
    public var suffix: String
    /// The IPv4 address of those names; they have no IPv6 address.
    public var target: String
    /// The file with `nameserver` lines that says who is asked for all other names. Its changes are
    /// followed, so the user `dnsmasq` has to be able to read it.
    public var resolverFile: String
    /// Answers that are kept, 0 to 10,000.
    public var cacheSize: Int
    /// The program `dnsmasq`, an absolute path.
    public var program: String

    /// - Parameter target: `nil`: the address it listens on.
    public init(
        directory: String, address: String, port: Int = 53, suffix: String = "internal",
        target: String? = nil,
        resolverFile: String = "/etc/resolv.conf", cacheSize: Int = 1_000,
        program: String = "/usr/sbin/dnsmasq"
    ) {
        self.directory = directory
        self.address = address
        self.port = port
        self.suffix = suffix
        self.target = target ?? address
        self.resolverFile = resolverFile
        self.cacheSize = cacheSize
        self.program = program
    }

    var file: String { directory + "/dnsmasq.conf" }
    var processFile: String { directory + "/dnsmasq.pid" }
    var output: String { directory + "/dnsmasq.log" }

    /// The configuration as `dnsmasq` reads it; call it after `objection` only.
    public var text: String {
        """
        # Written by slipwayd: changes here are lost.
        port=\(port)
        listen-address=\(address)
        bind-interfaces
        keep-in-foreground
        log-facility=-
        pid-file=\(processFile)
        no-hosts
        resolv-file=\(resolverFile)
        cache-size=\(cacheSize)
        local=/\(suffix)/
        address=/\(suffix)/\(target)

        """
    }

    /// Why it cannot be used, and what to do; `nil`: it can. Nothing that passes can begin a line of its own.
    public var objection: String? {
        for (name, value) in [("address", address), ("target", target)] where !Self.isIPv4(value) {
            return "the name server's \(name) is no IPv4 address: set it right in the configuration"
        }
        guard (1...65_535).contains(port) else { return "the name server's port is none" }
        guard (0...10_000).contains(cacheSize) else {
            return "the name server's cache has 0 to 10000 entries"
        }
        guard Self.isName(suffix) else {
            return
                "the suffix of internal names is not made of letters in lower case, digits, hyphens and dots"
        }
        for path in [directory, resolverFile, program] where !Self.isPath(path) {
            return
                "a path of the name server is not absolute, or has characters other than those of plain paths"
        }
        return nil
    }

    private static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
                    && UInt8(part) != nil
            }
    }

    private static func isName(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 200
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.utf8.allSatisfy {
                        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "-")
                            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    }
            }
    }

    /// Letters, digits and a few signs: no blanks, quotes or hashes, which mean something to `dnsmasq`.
    private static func isPath(_ text: String) -> Bool {
        text.hasPrefix("/") && text.utf8.count <= 1_000
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "/._-+@:".utf8.contains($0)
                }
            }
    }
}
