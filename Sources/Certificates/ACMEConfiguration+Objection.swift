internal import Model

extension ACMEConfiguration {
    /// Why orders cannot be made with these settings, and what to do; `nil`: they can. Everything of them
    /// that becomes an argument is checked here.
    var objection: String? {
        if !Self.isURL(directoryURL) {
            return "the authority's directory is no http or https URL: set it right in the configuration"
        }
        if let email, !Self.isEmail(email) {
            return "the e-mail address for the authority is none: set it right in the configuration"
        }
        if !Self.isSocketAddress(challengeAddress) {
            return "the address for challenges is not like 127.0.0.1:8402: set it right in the configuration"
        }
        if !legoPath.hasPrefix("/") || Self.hasControls(legoPath) {
            return "the path of lego is not absolute: set it right in the configuration"
        }
        if let dns {
            if dns.provider.isEmpty || dns.provider.utf8.count > 64
                || !dns.provider.utf8.allSatisfy(Self.isPlain)
                || dns.provider.hasPrefix("-")
            {
                return "the DNS provider's name is none: `lego dnshelp` lists them"
            }
            if !dns.resolvers.allSatisfy(Self.isSocketAddress) {
                return "a DNS resolver is not like 192.0.2.1:53: set it right in the configuration"
            }
        }
        return nil
    }

    /// Hosts are proven this way with these settings.
    func usesDNS(for host: String) -> Bool {
        dns != nil && (dns?.isUsedForAll == true || host.hasPrefix("*."))
    }

    static func isURL(_ text: String) -> Bool {
        let rest =
            text.hasPrefix("https://")
            ? text.dropFirst(8) : text.hasPrefix("http://") ? text.dropFirst(7) : ""
        return !rest.isEmpty && !rest.hasPrefix("-") && !rest.hasPrefix("/") && text.utf8.count <= 1_024
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "@") }
    }

    static func isEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let user = parts.first, let domain = parts.last, text.utf8.count <= 254 else {
            return false
        }
        return !user.isEmpty && !user.hasPrefix("-") && !user.hasPrefix(".")
            && user.utf8.allSatisfy { isPlain($0) || "._+".utf8.contains($0) }
            && HostName.objection(to: String(domain)) == nil && !domain.hasPrefix("*")
    }

    static func isSocketAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let port = parts.last, let number = Int(port), (1...65_535).contains(number)
        else {
            return false
        }
        let bytes = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        return bytes.count == 4
            && bytes.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isDigit) && UInt8($0) != nil }
            && port.utf8.allSatisfy(isDigit)
    }

    private static func hasControls(_ text: String) -> Bool {
        !text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
    }
    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    private static func isPlain(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "-")
    }
}
