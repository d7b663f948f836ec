/// Grammars of texts that the spec takes.
enum Grammar {
    /// `[registry/]repository[:tag][@sha256:…]`, as container registries define it.
    static func image(_ text: String) -> Bool {
        guard (1...512).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            return false
        }
        var rest = text[...]
        if let at = rest.firstIndex(of: "@") {
            guard isDigest(rest[rest.index(after: at)...]) else { return false }
            rest = rest[..<at]
        }
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            guard isTag(rest[rest.index(after: colon)...]) else { return false }
            rest = rest[..<colon]
        }
        var parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count > 1, let first = parts.first, isRegistry(first) { parts.removeFirst() }
        guard !parts.isEmpty, rest.utf8.count <= 255 else { return false }
        return parts.allSatisfy(isPathPart)
    }

    /// Whether an image is named by neither tag nor digest.
    static func isUntagged(_ image: String) -> Bool {
        let last = image.split(separator: "/").last ?? ""
        return !last.contains(":") && !last.contains("@")
    }

    private static func isDigest(_ text: Substring) -> Bool {
        guard text.hasPrefix("sha256:") else { return false }
        let digits = text.dropFirst(7).utf8
        return digits.count == 64 && digits.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) }
    }

    private static func isTag(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        return isWord(first)
            && text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_")
    }

    private static func isRegistry(_ text: Substring) -> Bool {
        guard text.contains(".") || text.contains(":") || text == "localhost" else { return false }
        var host = text
        if let colon = text.lastIndex(of: ":") {
            let port = text[text.index(after: colon)...]
            guard let number = Int(port), port.utf8.allSatisfy(isDigit), (1...65_535).contains(number) else {
                return false
            }
            host = text[..<colon]
        }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            guard let first = label.utf8.first, let last = label.utf8.last, label.utf8.count <= 63 else {
                return false
            }
            let dash = UInt8(ascii: "-")
            return first != dash && last != dash
                && label.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == dash }
        }
    }

    /// Lower-case words joined by `.`, `_`, `__` or any number of `-`.
    private static func isPathPart(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        guard isLowerOrDigit(first), isLowerOrDigit(last) else { return false }
        var joint: [UInt8] = []
        for byte in text.utf8 {
            if isLowerOrDigit(byte) {
                guard isJoint(joint) else { return false }
                joint = []
            } else {
                joint.append(byte)
            }
        }
        return true
    }

    private static func isJoint(_ bytes: [UInt8]) -> Bool {
        if bytes.allSatisfy({ $0 == UInt8(ascii: "-") }) { return true }
        return bytes == [UInt8(ascii: ".")] || bytes == [UInt8(ascii: "_")]
            || bytes == [UInt8(ascii: "_"), UInt8(ascii: "_")]
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x61...0x7A).contains(byte)
    }

    /// A name of an environment variable.
    static func variable(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 256 else { return false }
        guard isLetter(first) || first == UInt8(ascii: "_") else { return false }
        return text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    /// A path in a container: absolute, in its shortest form, not a directory of the kernel.
    static func containerPath(_ text: String) -> Bool {
        guard text.hasPrefix("/"), text != "/", text.utf8.count <= 1_024, !hasControls(text) else {
            return false
        }
        let parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else { return false }
        return !["proc", "sys", "dev"].contains(parts.first)
    }

    static func hasControls(_ text: String) -> Bool {
        text.unicodeScalars.contains { $0.value < 32 || $0.value == 127 || (0x80...0x9F).contains($0.value) }
    }

    /// The path of a request: absolute, printable, without blanks.
    static func urlPath(_ text: String) -> Bool {
        text.hasPrefix("/") && text.utf8.count <= 1_024
            && text.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "#") }
    }

    /// A host name in lower case; with `isWildcardAllowed` perhaps with `*.` before it.
    static func host(_ text: String, isWildcardAllowed: Bool) -> Bool {
        var name = text[...]
        if isWildcardAllowed, name.hasPrefix("*.") { name = name.dropFirst(2) }
        guard (1...253).contains(name.utf8.count) else { return false }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            guard let first = label.utf8.first, let last = label.utf8.last, label.utf8.count <= 63 else {
                return false
            }
            return isLowerOrDigit(first) && isLowerOrDigit(last)
                && label.utf8.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// A host name, perhaps with a port.
    static func authority(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":") else { return host(text, isWildcardAllowed: false) }
        let port = text[text.index(after: colon)...]
        guard (1...5).contains(port.utf8.count), port.utf8.allSatisfy(isDigit), let number = Int(port) else {
            return false
        }
        return (1...65_535).contains(number) && host(String(text[..<colon]), isWildcardAllowed: false)
    }

    /// The name of a person for basic authentication.
    static func user(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { isWord($0) || ".@-".utf8.contains($0) }
    }

    /// What `crypt(3)` makes of a password with SHA-256 or SHA-512: `$6$salt$hash`.
    static func passwordHash(_ text: String) -> Bool {
        guard text.hasPrefix("$5$") || text.hasPrefix("$6$"), (20...256).contains(text.utf8.count) else {
            return false
        }
        return text.dropFirst(3).utf8.allSatisfy { isWord($0) || "./$=".utf8.contains($0) }
    }

    /// An address of IPv4 or IPv6, perhaps with the length of a network's prefix.
    static func network(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let address = parts.first, parts.count <= 2 else { return false }
        let isShort = address.contains(".")
        if parts.count == 2 {
            guard let length = Int(parts[1]), parts[1].utf8.allSatisfy(isDigit),
                (0...(isShort ? 32 : 128)).contains(length)
            else { return false }
        }
        return isShort ? isShortAddress(address) : isLongAddress(address)
    }

    private static func isShortAddress(_ text: Substring) -> Bool {
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4
            && numbers.allSatisfy { part in
                (1...3).contains(part.utf8.count) && part.utf8.allSatisfy(isDigit)
                    && Int(part).map { (0...255).contains($0) } == true
            }
    }

    private static func isLongAddress(_ text: Substring) -> Bool {
        guard text.contains(":"), !text.contains(":::") else { return false }
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        let groups = halves.flatMap { $0.split(separator: ":", omittingEmptySubsequences: false) }
            .filter { !$0.isEmpty }
        let hexadecimal = UInt8(ascii: "a")...UInt8(ascii: "f")
        guard
            groups.allSatisfy({ group in
                group.utf8.count <= 4
                    && group.utf8.allSatisfy { isDigit($0) || hexadecimal.contains($0 | 0x20) }
            })
        else { return false }
        if halves.count == 2 { return groups.count <= 7 }
        return halves.count == 1 && groups.count == 8 && !text.hasPrefix(":") && !text.hasSuffix(":")
    }

    /// The name of a header or cookie.
    static func token(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") }
    }

    static func tokenValue(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { isWord($0) || ".-".utf8.contains($0) }
    }

    /// A name of a gRPC service: words joined by dots.
    static func grpcService(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                part.utf8.first.map { isLetter($0) || $0 == UInt8(ascii: "_") } == true
                    && part.utf8.allSatisfy(isWord)
            }
    }

    /// Capitals, digits and `_`, as environment variables for secrets are called.
    static func secret(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 256 else { return false }
        return (isLetter(first) || first == UInt8(ascii: "_")) && text.utf8.allSatisfy(isWord)
    }

    /// A label of a node.
    static func nodeLabel(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, isLetter(first) || isDigit(first) else {
            return false
        }
        return text.utf8.allSatisfy {
            isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "/")
        }
    }

    /// A name of a time zone, such as `Europe/Berlin`.
    static func timezone(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 64, isLetter(first) else { return false }
        return !text.hasSuffix("/") && !text.contains("//")
            && text.utf8.allSatisfy { isWord($0) || "/+-".utf8.contains($0) }
    }
}
