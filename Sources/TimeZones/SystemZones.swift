internal import FoundationEssentials
internal import Glibc
public import Model
public import Ports
internal import Synchronization

/// The time zones of this machine, as the package `tzdata` brings them.
public final class SystemZones: ZoneSource {
    /// What tells one version of a file from another.
    private struct Stamp: Hashable {
        var size: Int64
        var seconds: Int64
        var nanoseconds: Int64
        var inode: UInt64
    }

    private let folder: String
    private let known = Mutex<[String: (stamp: Stamp, rules: ZoneRules)]>([:])
    private let index = Mutex<(stamp: Stamp, names: ZoneNames)?>(nil)
    /// More zones than there are.
    private static let limit = 2_000
    private static let largestIndexInBytes = 1 << 20

    /// - Parameter folder: where the compiled zones are.
    public init(folder: String = "/usr/share/zoneinfo") {
        self.folder = folder
    }

    /// From the index that comes with the compiled zones, read again where it has changed.
    public func names() -> ZoneNames? {
        let path = "\(folder)/tzdata.zi"
        guard let stamp = stamp(path) else { return nil }
        if let read = index.withLock({ $0 }), read.stamp == stamp { return read.names }
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        let text = String(decoding: data.prefix(Self.largestIndexInBytes), as: UTF8.self)
        let names = ZoneNames(text.split(separator: "\n").compactMap(Self.name) + ["UTC"])
        index.withLock { $0 = (stamp, names) }
        return names
    }

    /// `Z Europe/Berlin 0:53:28 …` is a zone, `L Europe/Berlin Europe/Oslo` another name for one.
    private static func name(inLine line: Substring) -> String? {
        let words = line.split(separator: " ", maxSplits: 3)
        if words.count >= 2, words[0] == "Z" { return String(words[1]) }
        if words.count >= 3, words[0] == "L" { return String(words[2]) }
        return nil
    }

    /// The rules, read again where the file is another one than before: an upgrade of the package counts at once.
    ///
    /// - Throws: `ZoneFileError`.
    public func rules(of zone: String) throws -> ZoneRules {
        // UTC takes no file, so that only what names a zone depends on the package.
        if zone == ZoneRules.utc.name { return .utc }
        guard isPlainName(zone) else {
            throw ZoneFileError(message: "it is not the name of a time zone")
        }
        let path = "\(folder)/\(zone)"
        guard let stamp = stamp(path) else {
            throw ZoneFileError(message: "there is no file \(path), which the package tzdata brings")
        }
        if let read = known.withLock({ $0[zone] }), read.stamp == stamp { return read.rules }
        guard stamp.size <= ZoneFile.largestInBytes, let data = FileManager.default.contents(atPath: path)
        else {
            throw ZoneFileError(message: "\(path) cannot be read")
        }
        let rules: ZoneRules
        do {
            rules = try ZoneFile.rules(Array(data), name: zone)
        } catch {
            throw ZoneFileError(message: "\(path): \(error.message)")
        }
        known.withLock {
            if $0.count >= Self.limit { $0 = [:] }
            $0[zone] = (stamp, rules)
        }
        return rules
    }

    /// Nothing that leads out of the folder.
    private func isPlainName(_ name: String) -> Bool {
        name.utf8.count <= 64
            && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
                !part.isEmpty && !part.hasPrefix(".") && !part.utf8.contains(0)
            }
    }

    private func stamp(_ path: String) -> Stamp? {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Stamp(
            size: Int64(status.st_size), seconds: Int64(status.st_mtim.tv_sec),
            nanoseconds: Int64(status.st_mtim.tv_nsec), inode: UInt64(status.st_ino))
    }
}
