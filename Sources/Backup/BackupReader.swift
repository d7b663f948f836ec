internal import Crypto
internal import FoundationEssentials
internal import Glibc
internal import Ports
internal import StateStore

/// Puts a backup back: on an empty machine, or over what is there.
public struct BackupReader: Sendable {
    public struct Report: Codable, Hashable, Sendable {
        /// Seconds since 1970, when the backup was made.
        public var madeAt: Int64
        public var writtenBy: String
        public var stateDirectory: String
        public var configuration: String?
        /// Paths that were written, or with `checksOnly` would be.
        public var written: [String]
        /// Where the store that was there before lies now; `nil`: there was none.
        public var setAside: String?
    }
    private let file: String

    /// - Parameter file: the backup, absolute.
    public init(_ file: String) { self.file = file }

    /// What the configuration in the backup says of where the state is; `nil`: nothing.
    public func stateDirectory() throws -> String? {
        let manifest = try manifest()
        let path = manifest.configuration.map { "config/\($0)" }
        guard let file = manifest.files.first(where: { $0.path == path }) else { return nil }
        return try ConfigurationPaths.stateDirectory(in: try content(file), path: file.path)
    }

    /// - Parameters:
    ///   - stateDirectory: absolute.
    ///   - configurationDirectory: where the configuration goes; `nil` leaves it out.
    ///   - overwrites: whether a state directory that is not empty, and files of the configuration that differ, are
    ///     written over. The store that was there is set aside, never deleted.
    ///   - checksOnly: verify everything and write nothing.
    /// - Throws: before anything is written, where anything is wrong with the backup or a controller runs.
    public func restore(
        stateDirectory: String, configurationDirectory: String?, overwrites: Bool, checksOnly: Bool = false
    ) throws -> Report {
        let manifest = try manifest()
        let targets = manifest.files.compactMap { file -> (file: Manifest.File, path: String)? in
            guard let slash = file.path.firstIndex(of: "/") else { return nil }
            let rest = file.path[file.path.index(after: slash)...]
            if file.path.hasPrefix("state/") { return (file, "\(stateDirectory)/\(rest)") }
            return configurationDirectory.map { (file, "\($0)/\(rest)") }
        }
        var report = Report(
            madeAt: manifest.at, writtenBy: manifest.writtenBy, stateDirectory: stateDirectory,
            configuration: configurationDirectory.flatMap { folder in
                manifest.configuration.map { "\(folder)/\($0)" }
            },
            written: targets.map(\.path))
        if checksOnly {
            for target in targets { _ = try content(target.file) }
            return report
        }
        try Folders.make(stateDirectory)
        if !overwrites {
            try refuseState(stateDirectory)
            try refuseConfiguration(targets.filter { $0.file.path.hasPrefix("config/") })
        }
        report.setAside = try StoreCopy.withLock(of: stateDirectory) {
            try Folders.withStage(beside: "\(stateDirectory)/x") { stage in
                // All of it is read and found right before any of it is put in place.
                for (number, target) in targets.enumerated() {
                    try Folders.write(try content(target.file), to: "\(stage)/\(number)")
                    if target.file.path == "state/\(StoreCopy.fileName)" {
                        try StoreCopy.check("\(stage)/\(number)")
                    }
                }
                let aside = try setAside(stateDirectory)
                for (number, target) in targets.enumerated() {
                    try Folders.make(Folders.parent(of: target.path))
                    guard unsafe rename("\(stage)/\(number)", target.path) == 0 else {
                        // Another file system than the state's.
                        try Folders.write(try Folders.read("\(stage)/\(number)"), to: target.path)
                        continue
                    }
                }
                return aside
            }
        }
        return report
    }

    private func manifest() throws -> Manifest {
        let archive = Archive(path: file)
        guard Folders.kind(file) == .regular else { throw BackupError("there is no file \(file)") }
        let names = try archive.names()
        guard names.first == Manifest.name else {
            throw BackupError("\(file) is not a backup of Slipway: it does not begin with \(Manifest.name)")
        }
        let bytes = try archive.content(of: Manifest.name, limit: 16 << 20)
        let manifest: Manifest
        do {
            manifest = try JSONDecoder().decode(Manifest.self, from: Data(bytes))
        } catch {
            throw BackupError("\(file): \(Manifest.name) cannot be read")
        }
        if let objection = manifest.objection { throw BackupError("\(file): \(objection)") }
        guard names.dropFirst().sorted() == manifest.files.map(\.path).sorted() else {
            throw BackupError(
                "\(file) holds other files than its manifest names; it was changed, and nothing was restored")
        }
        guard manifest.files.contains(where: { $0.path == "state/\(StoreCopy.fileName)" }) else {
            throw BackupError("\(file) holds no store")
        }
        return manifest
    }

    private func content(_ file: Manifest.File) throws(BackupError) -> [UInt8] {
        let bytes = try Archive(path: self.file).content(of: file.path)
        guard bytes.count == file.sizeInBytes, ContentHash.sha256(bytes) == file.sha256 else {
            throw BackupError(
                "\(self.file): \(file.path) is not what the manifest says; it was damaged, and nothing was restored"
            )
        }
        return bytes
    }

    /// A state directory in use, or once in use, is not written over by accident.
    private func refuseState(_ directory: String) throws(BackupError) {
        let present = try Folders.files(below: directory).filter { $0 != "slipway.lock" }
        guard let first = present.first else { return }
        throw BackupError(
            "\(directory) is not empty (\(first)); --force restores over it, and sets the store aside")
    }

    private func refuseConfiguration(_ targets: [(file: Manifest.File, path: String)]) throws(BackupError) {
        for target in targets where Folders.kind(target.path) != nil {
            let present = try Folders.read(target.path)
            guard ContentHash.sha256(present) != target.file.sha256 else { continue }
            throw BackupError(
                "\(target.path) is there and differs; --force writes over it, --state-only leaves it")
        }
    }

    /// Renames the store that is there, with its log; returns its new path.
    private func setAside(_ directory: String) throws(BackupError) -> String? {
        let path = "\(directory)/\(StoreCopy.fileName)"
        guard Folders.kind(path) != nil else { return nil }
        for number in 1...10_000 {
            let target = "\(path).before-restore-\(number)"
            guard Folders.kind(target) == nil else { continue }
            // The log first: left beside a new database it would be taken for that one's.
            for suffix in ["-wal", "-shm", ""] where Folders.kind(path + suffix) != nil {
                guard unsafe rename(path + suffix, target + suffix) == 0 else {
                    throw Folders.failure("set \(path)\(suffix) aside")
                }
            }
            return target
        }
        throw BackupError("\(path) was set aside too often; tidy up in \(directory)")
    }
}
