internal import Execution
internal import FoundationEssentials
internal import Glibc

/// A tar file, by the system's `tar`.
///
/// It is written from a folder of ours. It is read by printing one member after the other: `tar` itself never writes a file,
/// so no link, device, `..` or absolute path in an archive leads anywhere.
struct Archive {
    let path: String
    private static let program = "/bin/tar"
    private static let environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C"]
    /// A member is held in memory.
    static let memberLimitInBytes = 1 << 30

    /// - Parameter names: of files below `folder`, in the order in which they are to stand.
    func write(_ names: [String], of folder: String) throws(BackupError) {
        let list = Array(names.joined(separator: "\0").utf8) + [0]
        let output = try run(
            [
                "--create", "--file", path, "--directory", folder, "--format=gnu", "--owner=0", "--group=0",
                "--numeric-owner", "--mode=u=rw,go=", "--null", "--verbatim-files-from", "--no-recursion",
                "--files-from=-"
            ], input: list)
        guard output.exitCode == 0 else { throw failure("write", output) }
    }

    /// The names of all members, of whatever kind.
    func names() throws(BackupError) -> [String] {
        let output = try run(["--list", "--file", path, "--quoting-style=escape"], limit: 16 << 20)
        guard output.exitCode == 0 else { throw failure("read", output) }
        return String(decoding: output.standardOutput, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// What is in a regular file of the archive; nothing for a member of another kind.
    func content(of name: String, limit: Int = memberLimitInBytes) throws(BackupError) -> [UInt8] {
        let output = try run(
            ["--extract", "--to-stdout", "--file", path, "--occurrence=1", "--no-wildcards", "--", name],
            limit: limit)
        guard output.exitCode == 0 else { throw failure("read \(name) from", output) }
        return output.standardOutput
    }

    private func run(
        _ arguments: [String], input: [UInt8] = [], limit: Int = 1 << 20
    ) throws(BackupError) -> Subprocess.Output {
        do throws(Subprocess.Failure) {
            return try Subprocess.run(
                [Self.program, "--force-local"] + arguments, environment: Self.environment, input: input,
                timeout: .seconds(600), outputLimitInBytes: limit)
        } catch {
            throw BackupError(
                "\(Self.program) cannot be run: \(error.message); it is part of the package tar")
        }
    }

    private func failure(_ action: String, _ output: Subprocess.Output) -> BackupError {
        let text = String(decoding: output.standardError.prefix(300), as: UTF8.self)
        let line = text.split(separator: "\n").first.map(String.init) ?? "exit code \(output.exitCode)"
        return BackupError("cannot \(action) \(path): \(line)")
    }
}
