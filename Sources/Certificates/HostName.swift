/// Names of hosts as certificates hold them, perhaps with `*.` before them.
enum HostName {
    /// Leaves room for `.issuer.crt`, which `lego` adds to make the name of a file.
    static let longestInBytes = 230

    /// Why no certificate is asked for under this name; `nil`: it is a name.
    ///
    /// What passes is letters in lower case, digits, hyphens and dots: it is safe as an argument and, with
    /// `fileName(of:)`, as the name of a file.
    static func objection(to host: String) -> String? {
        let name = host.hasPrefix("*.") ? host.dropFirst(2) : host[...]
        guard !name.isEmpty, name.utf8.count <= longestInBytes else {
            return "a host name has 1 to \(longestInBytes) characters"
        }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        for label in labels {
            let bytes = Array(label.utf8)
            guard (1...63).contains(bytes.count), bytes.allSatisfy(isAllowed),
                bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-")
            else {
                return "it is not a host name of letters in lower case, digits, hyphens and dots"
            }
        }
        guard labels.count >= 2, let top = labels.last, top.utf8.contains(where: { $0 > UInt8(ascii: "9") })
        else {
            return "certificates are issued for full names such as shop.example.com only"
        }
        return nil
    }

    static func fileName(of host: String) -> String {
        host.hasPrefix("*.") ? "_" + host.dropFirst(1) : host
    }

    static func host(ofFileName name: String) -> String {
        name.hasPrefix("_.") ? "*" + name.dropFirst(1) : name
    }

    /// Whether a certificate for `name` is good for `host`; a `*.` stands for exactly one label.
    static func covers(_ name: String, _ host: String) -> Bool {
        if name == host { return true }
        guard name.hasPrefix("*."), let dot = host.firstIndex(of: "."), !host.hasPrefix("*.") else {
            return false
        }
        return host[dot...] == name.dropFirst(1)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
