internal import Crypto
internal import FoundationEssentials
internal import Glibc
internal import Model
internal import Ports
internal import SpecLoading
internal import StateStore

/// Makes a backup of the controller itself: its store, its certificates and keys, and its configuration.
///
/// The controller may run meanwhile: the store is copied by SQLite as it is at one moment, and other files are written
/// whole or not at all by whoever writes them.
public struct BackupMaker: Sendable {
    /// What was done.
    public struct Report: Codable, Hashable, Sendable {
        public var file: String
        public var files: Int
        public var sizeInBytes: Int
        /// What has to be kept elsewhere, in whole sentences.
        public var warnings: [String]
    }
    private let stateDirectory: String
    private let configuration: String?

    /// What is made anew by itself: mirrors are fetched, and what the proxy and the name server keep follows from the rest.
    private static let left: Set<String> = ["mirrors", "workshop", "edge", "names", "run", "slipway.lock"]

    /// - Parameters:
    ///   - stateDirectory: absolute.
    ///   - configuration: the path of the configuration file, absolute; `nil`: there is none.
    public init(stateDirectory: String, configuration: String?) {
        self.stateDirectory = stateDirectory
        self.configuration = configuration
    }

    /// What a configuration file says of where the state is; `nil`: nothing.
    public static func stateDirectory(in configuration: String) throws(BackupError) -> String? {
        try ConfigurationPaths.stateDirectory(
            in: try Folders.read(configuration, limit: 1 << 20), path: configuration)
    }

    /// - Parameters:
    ///   - file: where the backup goes, absolute; mode 0600.
    ///   - at: seconds since 1970.
    public func make(_ file: String, at: Int64, overwrites: Bool) throws -> Report {
        if Folders.kind(file) != nil, !overwrites {
            throw BackupError("\(file) is there already; --force writes over it")
        }
        return try Folders.withStage(beside: file) { stage in
            try Folders.make("\(stage)/state")
            try StoreCopy.copy(from: stateDirectory, to: "\(stage)/state/\(StoreCopy.fileName)")
            var names = ["state/\(StoreCopy.fileName)"]
            let others = try Folders.files(below: stateDirectory) { path in
                Self.left.contains(path) || path.hasPrefix(StoreCopy.fileName)
            }
            names += try copy(others, from: stateDirectory, to: "state", in: stage)
            var warnings: [String] = []
            if let configuration {
                let folder = Folders.parent(of: configuration)
                let (inside, outside) = try named(by: configuration)
                names += try copy(inside, from: folder, to: "config", in: stage)
                warnings = outside.map {
                    "\($0) is named in the configuration and lies outside of \(folder), so it is not in the backup; keep it yourself"
                }
            }
            let manifest = try describe(names, in: stage, at: at)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try Folders.write(Array(try encoder.encode(manifest)), to: "\(stage)/\(Manifest.name)")
            let archive = Archive(path: "\(stage)/archive.tar")
            try archive.write([Manifest.name] + names, of: stage)
            let size = try Folders.move(archive.path, to: file)
            return Report(file: file, files: names.count, sizeInBytes: size, warnings: warnings)
        }
    }

    private func copy(
        _ names: [String], from folder: String, to part: String, in stage: String
    ) throws(BackupError) -> [String] {
        var copied: [String] = []
        for name in names {
            let path = "\(part)/\(name)"
            guard Manifest.isSafe(path) else {
                throw BackupError("\(folder)/\(name) has a name that a backup cannot hold; rename it")
            }
            let bytes: [UInt8]
            do throws(BackupError) {
                bytes = try Folders.read("\(folder)/\(name)")
            } catch {
                // A file of the state may go away while we look.
                if Folders.kind("\(folder)/\(name)") == nil { continue }
                throw error
            }
            try Folders.make(Folders.parent(of: "\(stage)/\(path)"))
            try Folders.write(bytes, to: "\(stage)/\(path)")
            copied.append(path)
        }
        return copied
    }

    private func describe(_ names: [String], in stage: String, at: Int64) throws(BackupError) -> Manifest {
        var files: [Manifest.File] = []
        for name in names {
            let bytes = try Folders.read("\(stage)/\(name)")
            files.append(.init(path: name, sizeInBytes: bytes.count, sha256: ContentHash.sha256(bytes)))
        }
        return Manifest(
            version: Manifest.currentVersion, writtenBy: Build.version, at: at,
            configuration: configuration.map { String($0.split(separator: "/").last ?? "") }, files: files)
    }

    /// The configuration and the files that it names: those below its own directory, relative to that, and all others.
    private func named(by configuration: String) throws -> (inside: [String], outside: [String]) {
        let bytes = try Folders.read(configuration, limit: 1 << 20)
        let folder = Folders.parent(of: configuration)
        var inside: Set<String> = [String(configuration.split(separator: "/").last ?? "")]
        var outside: Set<String> = []
        let root: ForeignNode?
        do throws(Diagnostic) {
            root = try ForeignYAML.read(path: configuration, bytes: bytes).0
        } catch {
            throw BackupError("\(error.location): \(error.message)")
        }
        for path in ConfigurationPaths.all(in: root) {
            let found =
                Folders.kind(path) == .directory
                ? try Folders.files(below: path).map { "\(path)/\($0)" } : [path]
            for file in found where Folders.kind(file) != nil {
                if file.hasPrefix(folder + "/") {
                    inside.insert(String(file.dropFirst(folder.count + 1)))
                } else {
                    outside.insert(file)
                }
            }
        }
        return (inside.sorted(), outside.sorted())
    }
}

/// Which values of a configuration are paths of files that belong to it.
enum ConfigurationPaths {
    private static let keys: Set<String> = [
        "ssh_key", "known_hosts", "ssh_signers", "ssh_revoked", "gpg_keyring", "certificates", "identity",
        "identities"
    ]

    static func stateDirectory(in bytes: [UInt8], path: String) throws(BackupError) -> String? {
        do throws(Diagnostic) {
            let text = try ForeignYAML.read(path: path, bytes: bytes).0?["state_dir"]?.text
            return text.flatMap { $0.hasPrefix("/") ? $0 : nil }
        } catch {
            throw BackupError("\(error.location): \(error.message)")
        }
    }

    static func all(in node: ForeignNode?, key: String = "") -> [String] {
        guard let node else { return [] }
        if let entries = node.entries { return entries.flatMap { all(in: $0.value, key: $0.key) } }
        if let items = node.items { return items.flatMap { all(in: $0, key: key) } }
        guard keys.contains(key) || key.hasSuffix("_file"), let path = node.text, path.hasPrefix("/") else {
            return []
        }
        let parts = path.split(separator: "/").filter { $0 != "." }
        return parts.contains("..") ? [] : ["/" + parts.joined(separator: "/")]
    }
}
