internal import CLinux
internal import Crypto
internal import FoundationEssentials
internal import Glibc
public import Model
public import Ports
public import Secrets
internal import Synchronization

/// Keeps secrets as files on a tmpfs of the host: `DIRECTORY/INSTALLATION/APP/TEMPLATE/NAME`.
///
/// Only root gets past the first folder; below it everything can be read, because in a container it is the user of the
/// image who reads, and nobody else sees the mount. A file is complete when it has its name. After a reboot the folder
/// is empty; whatever is started next finds its secrets put there before.
public final class TmpfsCourier: SecretCourier {
    private let root: String
    private let keyring: SecretKeyring
    /// Two launches of one template at once would write the same files.
    private let turn = Mutex<Void>(())

    /// Makes the folder, or checks the one that is there.
    ///
    /// - Parameters:
    ///   - directory: absolute, on a tmpfs or ramfs; its parent is there.
    /// - Throws: where the folder is no folder of ours alone, or lies on a disk.
    public init(
        directory: String, installation: InstallationName, keyring: SecretKeyring
    ) throws(SecretError) {
        root = "\(directory)/\(installation)"
        self.keyring = keyring
        try Self.prepare(directory, mode: 0o700)
        guard Self.isInMemory(directory) else {
            throw SecretError(
                "\(directory) is on a disk, where values of secrets must not be: name a folder on a tmpfs, such as"
                    + " /run/slipway/secrets, as `secrets.directory`")
        }
        try Self.prepare(root, mode: 0o700)
    }

    /// The folder below which the engine may mount: `DIRECTORY/INSTALLATION`.
    public var mountableDirectory: String { root }

    public func deliver(
        _ secrets: [SecretSpec], to address: SecretAddress
    ) throws(EngineError) -> DeliveredSecrets {
        do throws(SecretError) {
            return try turn.withLock { _ throws(SecretError) in try place(secrets, address, forLaunch: true) }
        } catch {
            throw Self.held(error)
        }
    }

    public func restore(_ secrets: [SecretSpec], to address: SecretAddress) throws(EngineError) {
        do throws(SecretError) {
            _ = try turn.withLock { _ throws(SecretError) in try place(secrets, address, forLaunch: false) }
        } catch {
            throw Self.held(error)
        }
    }

    /// Nothing was done on the engine, and it is not the release's doing: it is tried again.
    private static func held(_ error: SecretError) -> EngineError {
        EngineError(.unauthorized, error.message, call: "secrets")
    }

    public func texts(of secrets: [SecretSpec], app: AppName, project: ProjectName) -> [String] {
        secrets.compactMap { secret in
            // One that does not open cannot have been given to anybody since.
            guard let value = try? keyring.open(secret, app: app, project: project) else { return nil }
            return value.withBytes { String(decoding: $0, as: UTF8.self) }
        }
    }

    // MARK: Putting in place

    private func place(
        _ secrets: [SecretSpec], _ address: SecretAddress, forLaunch: Bool
    ) throws(SecretError) -> DeliveredSecrets {
        try Self.prepare(root, mode: 0o700)
        try Self.prepare("\(root)/\(address.app)", mode: 0o755)
        let directory = "\(root)/\(address.relativePath)"
        try Self.prepare(directory, mode: 0o755)
        var delivered = DeliveredSecrets(directory: directory, environment: [:])
        for secret in secrets {
            let path = "\(directory)/\(secret.name)"
            let isThere = Self.kind(of: path) == S_IFREG
            let variable = forLaunch ? secret.variable : nil
            guard !isThere || variable != nil else { continue }
            let value = try keyring.open(secret, app: address.app, project: address.project)
            if !isThere {
                try value.withBytes { bytes throws(SecretError) in try Self.write(bytes, to: path) }
            }
            if let variable {
                delivered.environment[variable] = value.withBytes { String(decoding: $0, as: UTF8.self) }
            }
        }
        return delivered
    }

    /// Under another name first: a file that has its name is complete.
    private static func write(_ bytes: [UInt8], to path: String) throws(SecretError) {
        let draft = path + ".new"
        unsafe unlink(draft)
        let file = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o400)
        guard file >= 0 else { throw failure("make", draft) }
        defer { close(file) }
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes[written...].withUnsafeBytes { buffer in
                unsafe Glibc.write(file, buffer.baseAddress, buffer.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let failure = failure("write", draft)
                unsafe unlink(draft)
                throw failure
            }
            written += count
        }
        // The process's umask took the rest away.
        guard fchmod(file, 0o444) == 0, unsafe rename(draft, path) == 0 else { throw failure("name", path) }
    }

    /// Makes a folder, or checks that what is there is one of ours and no link to somewhere else.
    private static func prepare(_ path: String, mode: mode_t) throws(SecretError) {
        if unsafe mkdir(path, mode) != 0, errno != EEXIST { throw failure("make", path) }
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { throw failure("look at", path) }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            throw SecretError("\(path) is no folder of the controller's user: remove it, and it is made anew")
        }
        guard status.st_mode & 0o7777 != mode else { return }
        guard unsafe chmod(path, mode) == 0 else { throw failure("set the mode of", path) }
    }

    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    private static func isInMemory(_ path: String) -> Bool { unsafe slipway_is_in_memory(path) == 1 }

    private static func failure(_ verb: String, _ path: String) -> SecretError {
        SecretError("cannot \(verb) \(path) for secrets: \(unsafe String(cString: strerror(errno)))")
    }

    // MARK: Taking away

    public func sweep(keeping: [AppName: Set<ContentDigest>]) throws(EngineError) {
        var kept: [String: Set<String>] = [:]
        for (app, templates) in keeping { kept[app.rawValue] = Set(templates.map(\.hex)) }
        turn.withLock { _ in
            let manager = FileManager.default
            for app in Self.names(in: root) {
                for template in Self.names(in: "\(root)/\(app)") where kept[app]?.contains(template) != true {
                    // What cannot be removed now is tried again with the next listing.
                    try? manager.removeItem(atPath: "\(root)/\(app)/\(template)")
                }
                if kept[app] == nil { unsafe rmdir("\(root)/\(app)") }
            }
        }
    }

    private static func names(in directory: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }
}
