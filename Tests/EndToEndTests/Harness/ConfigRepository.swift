import FoundationEssentials

/// A bare repository that the controller reads, and a clone of it that people work in.
struct ConfigRepository: Sendable {
    let bare: String
    let clone: String

    static func make(in directory: String) async throws -> ConfigRepository {
        let repository = ConfigRepository(bare: directory + "/config.git", clone: directory + "/config")
        try await Shell.succeed(["git", "init", "-q", "--bare", "-b", "main", repository.bare])
        try await Shell.succeed(["git", "init", "-q", "-b", "main", repository.clone])
        try await repository.git("remote", "add", "origin", repository.bare)
        return repository
    }

    @discardableResult
    func git(_ arguments: String...) async throws -> String {
        try await Shell.succeed(["git", "-C", clone] + arguments)
    }

    /// A command in the bare repository; whatever its exit code is.
    func bareGit(_ arguments: String...) async throws -> Shell.Output {
        try await Shell.run(["git", "-C", bare] + arguments)
    }

    /// Writes and removes files, commits all of it, and pushes. Returns the commit's id.
    @discardableResult
    func commit(
        _ files: [String: String] = [:], removing: [String] = [], message: String = "change"
    ) async throws -> String {
        for (path, content) in files {
            let target = clone + "/" + path
            if let slash = target.lastIndex(of: "/") {
                try FileManager.default.createDirectory(
                    atPath: String(target[..<slash]), withIntermediateDirectories: true)
            }
            try Data(content.utf8).write(to: URL(filePath: target))
        }
        for path in removing { try FileManager.default.removeItem(atPath: clone + "/" + path) }
        try await git("add", "-A")
        try await git("commit", "-q", "--allow-empty", "-m", message)
        try await git("push", "-q", "origin", "HEAD:main")
        return try await git("rev-parse", "HEAD")
    }

    /// Takes the newest commit's change back in a commit of its own.
    @discardableResult
    func revert() async throws -> String {
        try await git("revert", "--no-edit", "HEAD")
        try await git("push", "-q", "origin", "HEAD:main")
        return try await git("rev-parse", "HEAD")
    }
}
