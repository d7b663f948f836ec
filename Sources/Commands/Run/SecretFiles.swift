internal import Age
internal import Crypto
internal import FoundationEssentials
internal import Glibc
internal import Model
internal import SpecLoading

/// The files of secrets of a work tree, and the keys of a person.
struct SecretFiles {
    let root: String
    let uses: [SecretUse]
    /// Relative to `root`, sorted.
    let paths: [String]
    private let reader: Files

    /// - Parameter path: a file or a folder; all of the work tree's specs below it are looked at.
    init(_ path: String, project: ProjectName, console: Console) throws(LocalFailure) {
        let reader = Files(console)
        let tree = try reader.tree(path)
        let loader = SpecLoader(project: project, hasEdge: true)
        var uses: [SecretUse] = []
        for spec in tree.specs {
            let bytes = try reader.read(spec, in: tree)
            uses += loader.secretUses(path: spec, bytes: bytes) { try reader.read($0, in: tree) }
        }
        self.uses = uses
        root = tree.root
        let here = try reader.secretFiles(path)
        paths = Set(uses.flatMap(\.files)).filter { Files.isFile("\(tree.root)/\($0)") }.union(here).sorted()
        self.reader = reader
    }

    func bytes(_ path: String) throws(LocalFailure) -> [UInt8] {
        try Self.read("\(root)/\(path)", shown: path)
    }

    static func read(_ path: String, shown: String) throws(LocalFailure) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path), data.count <= Files.fileLimitInBytes
        else {
            throw LocalFailure(
                "\(shown) cannot be read, or is larger than \(Files.fileLimitInBytes >> 20) MiB")
        }
        return Array(data)
    }

    /// The file as text that can be changed; an empty one where there is none yet.
    static func text(_ path: String, shown: String) throws(LocalFailure) -> SecretsText {
        guard Files.isFile(path) else { return SecretsText(path: shown) }
        let bytes = try read(path, shown: shown)
        do throws(Diagnostic) {
            return try SecretsText(path: shown, bytes: bytes)
        } catch {
            throw LocalFailure("\(error.location): \(error.message)")
        }
    }

    /// Under another name first: a file that is cut off half-way would lose secrets.
    static func write(_ text: SecretsText, to path: String) throws(LocalFailure) {
        let draft = path + ".new"
        do {
            try Data(text.bytes).write(to: URL(filePath: draft))
        } catch {
            throw LocalFailure("cannot write \(draft)")
        }
        guard unsafe rename(draft, path) == 0 else {
            let reason = unsafe String(cString: strerror(errno))
            unsafe unlink(draft)
            throw LocalFailure("cannot write \(path): \(reason)")
        }
    }

    /// The keys in a file that only its owner can read.
    static func identities(_ path: String) throws(LocalFailure) -> [AgeIdentity] {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw LocalFailure("\(path) is not a file that can be read")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw LocalFailure("\(path) holds keys and can be read by others: chmod 600 \(path)")
        }
        var bytes = try read(path, shown: path)
        defer { SecretBytes.clear(&bytes) }
        do throws(AgeError) {
            return try AgeIdentityFile.read(bytes)
        } catch {
            throw LocalFailure("\(path): \(error.message)")
        }
    }

    static func recipients(_ texts: [String]) throws(LocalFailure) -> [AgeRecipient] {
        var recipients: [AgeRecipient] = []
        for text in texts {
            do throws(AgeError) {
                recipients.append(try AgeRecipient(text))
            } catch {
                throw LocalFailure("\(text.prefix(80)): \(error.message)")
            }
        }
        return recipients
    }

    static func seal(_ value: [UInt8], to recipients: [AgeRecipient]) throws(LocalFailure) -> String {
        do throws(AgeError) {
            return AgeArmor.encode(try AgeFile.encrypt(value, to: recipients))
        } catch {
            throw LocalFailure(error.message)
        }
    }

    /// The values of a file in its order.
    static func open(
        _ path: String, shown: String, with identities: [AgeIdentity]
    ) throws(LocalFailure) -> [(name: String, value: SecretBytes)] {
        guard Files.isFile(path) else { return [] }
        let file = SecretsFile.read(path: shown, bytes: try read(path, shown: shown))
        if let finding = file.findings.first { throw LocalFailure("\(finding.location): \(finding.message)") }
        var values: [(name: String, value: SecretBytes)] = []
        for entry in file.entries {
            do throws(AgeError) {
                values.append((entry.name, try AgeFile.decrypt(entry.armored, with: identities)))
            } catch {
                throw LocalFailure("\(shown):\(entry.line):\(entry.column): \(entry.name): \(error.message)")
            }
        }
        return values
    }
}
