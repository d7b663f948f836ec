internal import FoundationEssentials
internal import Glibc
internal import SpecLoading

/// Reads of the work tree and of the token's file, all bounded.
struct Files {
    static let fileLimitInBytes = 4 << 20
    static let fileCountLimit = 20_000

    private let directory: String

    init(_ console: Console) { directory = console.directory }

    /// The token in the file, without the line end.
    func token(_ path: String) throws(LocalFailure) -> String {
        // Mounted secrets are links.
        let bytes = try read(absolute(path), shown: path, limit: 4_096, throughLinks: true)
        let text = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard text.count == 1, let token = text.first, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            throw LocalFailure("\(path) must hold one token and nothing else")
        }
        return String(token)
    }

    /// A directory and files in it, as a repository.
    struct Tree {
        /// Where paths begin.
        var root: String
        /// Relative to the root, sorted.
        var specs: [String]
    }

    /// The spec files at or below `path`. Paths begin at the work tree that holds it, or where there is none, at the
    /// directory given.
    func tree(_ path: String) throws(LocalFailure) -> Tree {
        let start = absolute(path)
        guard let found = Self.look(at: start) else {
            throw LocalFailure("there is no file or directory \(path)")
        }
        let isDirectory = found.kind == .directory
        let top = isDirectory ? start : Self.parent(of: start)
        let root = Self.workTree(around: top) ?? top
        func relative(_ path: String) -> String {
            String(path.dropFirst(root.count).drop { $0 == "/" })
        }
        guard isDirectory else { return Tree(root: root, specs: [relative(start)]) }
        var specs: [String] = []
        try walk(start) { found, below in
            if SpecPaths.isSpec(below) { specs.append(relative(found)) }
        }
        return Tree(root: root, specs: specs.sorted())
    }

    /// The files `*.secrets.yaml` at or below `path`, relative to the root of its tree.
    func secretFiles(_ path: String) throws(LocalFailure) -> [String] {
        let start = absolute(path)
        guard Self.look(at: start)?.kind == .directory else { return [] }
        let root = Self.workTree(around: start) ?? start
        var found: [String] = []
        try walk(start) { file, below in
            if SpecPaths.isSecrets(below) {
                found.append(String(file.dropFirst(root.count).drop { $0 == "/" }))
            }
        }
        return found
    }

    static func isFile(_ path: String) -> Bool { look(at: path)?.kind == .regular }

    /// The bytes of a file of a tree.
    func read(_ path: String, in tree: Tree) throws(LocalFailure) -> [UInt8] {
        try read(tree.root + "/" + path, shown: path, limit: Self.fileLimitInBytes)
    }

    /// - Parameter visit: takes a regular file's full path and its path below `start`.
    private func walk(_ start: String, visit: (_ path: String, _ below: String) -> Void) throws(LocalFailure)
    {
        var directories = [""]
        var count = 0
        while let below = directories.popLast() {
            let full = below.isEmpty ? start : start + "/" + below
            let names: [String]
            do {
                names = try FileManager.default.contentsOfDirectory(atPath: full)
            } catch {
                throw LocalFailure("cannot list the directory \(full)")
            }
            for name in names.sorted(by: >) where !name.hasPrefix(".") {
                count += 1
                guard count <= Self.fileCountLimit else {
                    throw LocalFailure(
                        "more than \(Self.fileCountLimit) files below \(start); name a smaller directory")
                }
                let path = below.isEmpty ? name : below + "/" + name
                switch Self.look(at: start + "/" + path)?.kind {
                case .directory: directories.append(path)
                case .regular: visit(start + "/" + path, path)
                // Links are not followed: the controller refuses them too.
                default: continue
                }
            }
        }
    }

    private func read(
        _ path: String, shown: String, limit: Int, throughLinks: Bool = false
    ) throws(LocalFailure) -> [UInt8] {
        guard let found = Self.look(at: path, throughLinks: throughLinks), found.kind == .regular else {
            throw LocalFailure("\(shown) is not a file that can be read")
        }
        guard found.size <= limit else { throw LocalFailure("\(shown) is larger than \(limit) bytes") }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw LocalFailure("\(shown) cannot be read")
        }
        return Array(data)
    }

    /// The full path of a directory.
    func directory(_ path: String) throws(LocalFailure) -> String {
        let full = absolute(path)
        guard Self.look(at: full)?.kind == .directory else {
            throw LocalFailure("there is no directory \(path)")
        }
        return full
    }

    /// The full path of what a person named.
    func path(_ path: String) -> String { absolute(path) }

    /// Whether there is anything at `path`, which is absolute.
    func exists(_ path: String) -> Bool { Self.look(at: path) != nil }

    /// A file that a person named, with its directory for what stands beside it.
    func named(_ path: String) throws(LocalFailure) -> (directory: String, name: String, bytes: [UInt8]) {
        let full = absolute(path)
        let bytes = try read(full, shown: path, limit: Self.fileLimitInBytes, throughLinks: true)
        return (Self.parent(of: full), full.split(separator: "/").last.map(String.init) ?? path, bytes)
    }

    /// A file at or below a directory; nothing outside of it is read.
    func read(_ path: String, below directory: String) throws(LocalFailure) -> [UInt8] {
        let full = absolute(path.hasPrefix("/") ? path : directory + "/" + path)
        guard full.hasPrefix(directory == "/" ? "/" : directory + "/") else {
            throw LocalFailure("\(path) is not below \(directory)")
        }
        return try read(full, shown: path, limit: Self.fileLimitInBytes)
    }

    /// Writes files into a directory, all or none of those that are there already.
    ///
    /// - Parameter overwrites: whether files that are there are replaced.
    func write(
        _ files: [(path: String, bytes: [UInt8])], into directory: String, overwrites: Bool
    ) throws(LocalFailure) {
        let root = absolute(directory)
        if !overwrites, let taken = files.first(where: { Self.look(at: root + "/" + $0.path) != nil }) {
            throw LocalFailure(
                "\(directory)/\(taken.path) is there already; nothing was written. --force writes over it")
        }
        for file in files {
            let full = root + "/" + file.path
            do {
                try FileManager.default.createDirectory(
                    atPath: Self.parent(of: full), withIntermediateDirectories: true)
                try Data(file.bytes).write(to: URL(filePath: full), options: .atomic)
            } catch {
                throw LocalFailure("cannot write \(directory)/\(file.path): \(error)")
            }
        }
    }

    private func absolute(_ path: String) -> String {
        var result = path.hasPrefix("/") ? path : directory + "/" + path
        if !result.hasPrefix("/") { result = FileManager.default.currentDirectoryPath + "/" + result }
        var parts: [Substring] = []
        for part in result.split(separator: "/") where part != "." {
            if part == ".." {
                _ = parts.popLast()
            } else {
                parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    private static func parent(of path: String) -> String {
        path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    }

    private static func workTree(around directory: String) -> String? {
        var current = directory
        while !current.isEmpty {
            if look(at: current + "/.git") != nil { return current }
            current = parent(of: current)
        }
        return nil
    }

    private enum Kind { case directory, regular, other }

    /// Of the path itself unless `throughLinks`; `nil` where there is nothing to be seen.
    private static func look(at path: String, throughLinks: Bool = false) -> (kind: Kind, size: Int)? {
        var information = stat()
        guard !path.utf8.contains(0) else { return nil }
        let code = throughLinks ? unsafe stat(path, &information) : unsafe lstat(path, &information)
        guard code == 0 else { return nil }
        switch information.st_mode & S_IFMT {
        case S_IFDIR: return (.directory, 0)
        case S_IFREG: return (.regular, Int(information.st_size))
        default: return (.other, 0)
        }
    }
}
