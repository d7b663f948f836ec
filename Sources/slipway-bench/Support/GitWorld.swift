/// A bare repository on disk, and commits in it, made by git's own command.
struct GitWorld: Sendable {
    let bench: Bench
    let path: String

    init(_ bench: Bench, path: String) async throws {
        self.bench = bench
        self.path = path
        try await bench.command(["/usr/bin/git", "init", "--quiet", "--bare", "--initial-branch=main", path])
    }

    /// Makes one commit with these files put over what there is; returns once the branch has moved.
    func commit(_ files: [String: String], parent: Bool) async throws {
        var stream: [UInt8] = []
        func line(_ text: String) { stream += Array((text + "\n").utf8) }
        line("commit refs/heads/main")
        line("committer bench <bench@example.com> 1700000000 +0000")
        line("data 6")
        line("change")
        if parent { line("from refs/heads/main^0") }
        for (path, content) in files.sorted(by: { $0.key < $1.key }) {
            line("M 100644 inline \(path)")
            line("data \(content.utf8.count)")
            line(content)
        }
        try await bench.command(["/usr/bin/git", "-C", path, "fast-import", "--quiet"], input: stream)
    }
}
