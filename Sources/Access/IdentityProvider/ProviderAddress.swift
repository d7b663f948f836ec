/// Which addresses keys may be fetched from.
public enum ProviderAddress {
    /// Why `url` is not one; `nil`: it is.
    ///
    /// Only `https` with a host name, so that nobody answers who has no certificate for it: not the cloud's metadata
    /// service, nor whatever listens inside. With `allowsLoopback` also this machine, written in the usual ways only.
    public static func objection(_ url: String, allowsLoopback: Bool) -> String? {
        guard url.utf8.count <= 2_048, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            return "is no URL"
        }
        guard !url.contains("@"), !url.contains("\\"), !url.contains("#") else {
            return "has a character that has no place in it"
        }
        guard let scheme = ["https://", "http://"].first(where: { url.lowercased().hasPrefix($0) }) else {
            return "must begin with https://"
        }
        let host = host(url.dropFirst(scheme.count))
        if ["127.0.0.1", "localhost", "[::1]"].contains(host), allowsLoopback { return nil }
        guard scheme == "https://" else {
            return "must begin with https://: whoever could change the answer could sign for anybody"
        }
        // A last label of letters: no number in whatever form, and no name of this machine.
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        let isName =
            labels.count >= 2
            && labels.allSatisfy { label in
                !label.isEmpty
                    && label.utf8.allSatisfy { $0 == 0x2d || isLetter($0) || (0x30...0x39).contains($0) }
            } && labels.last.map { $0.utf8.contains(where: isLetter) && !$0.hasPrefix("0x") } == true
        return isName ? nil : "must name a host by its full name, not `\(host)`"
    }

    private static func host(_ rest: Substring) -> String {
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            return String(authority[...end]).lowercased()
        }
        return String(authority.prefix { $0 != ":" }).lowercased()
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte) }
}
