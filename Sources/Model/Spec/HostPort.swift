/// A port of the host that leads to one of the container's.
public struct HostPort: Codable, Hashable, Sendable, Comparable {
    public enum Transport: String, Codable, Hashable, Sendable, CaseIterable { case tcp, udp }

    public var claim: HostPortClaim
    public var containerPort: Int

    public init(claim: HostPortClaim, containerPort: Int) {
        self.claim = claim
        self.containerPort = containerPort
    }

    /// Reads `2222:22`, `53:5353/udp` or `127.0.0.1:5432:5432`; `nil` for anything else.
    public init?(_ text: String) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let parts = halves[0].split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard halves.count <= 2, (2...3).contains(parts.count), let port = Self.port(parts[parts.count - 2]),
            let inside = Self.port(parts[parts.count - 1]),
            let transport = halves.count == 2 ? Transport(rawValue: halves[1]) : .tcp
        else { return nil }
        let address = parts.count == 3 ? parts[0] : nil
        if let address, !HostPortClaim.isAddress(address) { return nil }
        self.init(
            claim: HostPortClaim(address: address, port: port, transport: transport), containerPort: inside)
    }

    /// As it stands in a spec.
    public var text: String {
        let place = claim.address.map { "\($0):" } ?? ""
        return "\(place)\(claim.port):\(containerPort)\(claim.transport == .tcp ? "" : "/udp")"
    }

    static func port(_ text: String) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(text), (1...65_535).contains(number)
        else { return nil }
        return number
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.claim, left.containerPort) < (right.claim, right.containerPort)
    }
}

/// What only one instance of a host may have.
public struct HostPortClaim: Codable, Hashable, Sendable, Comparable, CustomStringConvertible {
    /// An IPv4 address of the host; `nil`: all of them.
    public var address: String?
    public var port: Int
    public var transport: HostPort.Transport

    public init(address: String?, port: Int, transport: HostPort.Transport) {
        self.address = address
        self.port = port
        self.transport = transport
    }

    /// Both cannot be had at once.
    public func isSame(as other: Self) -> Bool {
        port == other.port && transport == other.transport
            && (address == nil || other.address == nil || address == other.address)
    }

    public var description: String {
        "\(address.map { "\($0):" } ?? "")\(port)/\(transport.rawValue)"
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.port, left.transport.rawValue, left.address ?? "")
            < (right.port, right.transport.rawValue, right.address ?? "")
    }

    /// Four numbers, not all of them 0: that is every address, and is said by leaving it out.
    static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && text != "0.0.0.0"
            && parts.allSatisfy { part in
                guard let number = UInt8(part) else { return false }
                return "\(number)" == part
            }
    }
}

/// Ports that a project may have: `2222`, `8000-8100`, `53/udp`, `127.0.0.1:5432`.
public struct HostPortRule: Hashable, Sendable, CustomStringConvertible {
    /// `nil`: any address, and all of them at once.
    public var address: String?
    public var ports: ClosedRange<Int>
    public var transport: HostPort.Transport

    public init?(_ text: String) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let parts = halves[0].split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard halves.count <= 2, (1...2).contains(parts.count), let last = parts.last,
            let transport = halves.count == 2 ? HostPort.Transport(rawValue: halves[1]) : .tcp
        else { return nil }
        let ends = last.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard ends.count <= 2, let first = HostPort.port(ends[0]),
            let end = HostPort.port(ends[ends.count - 1]),
            first <= end
        else { return nil }
        address = parts.count == 2 ? parts[0] : nil
        if let address, !HostPortClaim.isAddress(address) { return nil }
        ports = first...end
        self.transport = transport
    }

    public func allows(_ claim: HostPortClaim) -> Bool {
        ports.contains(claim.port) && transport == claim.transport
            && (address == nil || address == claim.address)
    }

    public var description: String {
        let place = address.map { "\($0):" } ?? ""
        let range = ports.count == 1 ? "\(ports.lowerBound)" : "\(ports.lowerBound)-\(ports.upperBound)"
        return "\(place)\(range)\(transport == .tcp ? "" : "/udp")"
    }
}
