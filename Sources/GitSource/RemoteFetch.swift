internal import CGit2
internal import CLinux
internal import FoundationEssentials
internal import Glibc
internal import Ports

/// One fetch of one branch, in the helper's process.
struct RemoteFetch {
    let request: FetchRequest
    let address: RemoteAddress
    let branch: BranchName

    init(_ request: FetchRequest) throws(SourceError) {
        self.request = request
        address = try RemoteAddress(request.url, allowsLocal: request.allowsLocal)
        branch = try BranchName(request.branch)
    }

    func run() throws(SourceError) -> FetchAnswer {
        let monitor = FetchMonitor(address: address, request: request)
        do throws(GitError) {
            try prepareLibrary()
            try prepareKnownHosts()
            if let publication = request.publication { return try publish(publication, monitor) }
            let mirror = try openMirror()
            let lock = try MirrorLock(request.mirror)
            defer { lock.release() }
            lock.removeLeftovers()
            if let reference = request.proposal { return try propose(reference, in: mirror, monitor) }
            return try fetch(into: mirror, monitor)
        } catch {
            throw FetchFailure(address: address, branch: branch, monitor: monitor).explain(error)
        }
    }

    private func fetch(
        into mirror: borrowing RepositoryHandle, _ monitor: FetchMonitor
    ) throws(GitError) -> FetchAnswer {
        let remote = try RemoteHandle(url: address.text, in: mirror, monitor: monitor)
        try remote.connect()
        let heads = try remote.heads()
        guard let head = heads[branch.remoteReference] else {
            monitor.note(missingBranchAmong: heads.keys.filter { $0.hasPrefix("refs/heads/") }.count)
            throw GitError(
                call: "git_remote_ls", code: GIT_ENOTFOUND.rawValue, category: 0, text: "no such branch")
        }
        // A reference that cannot be read is written anew below.
        let known = try? mirror.target(ofReference: branch.mirrorReference)
        let isPresent = try mirror.header(of: head) != nil
        let notes = heads[NotesPlace.reference]
        let hasNotes = try notes.map { notes throws(GitError) in try mirror.header(of: notes) != nil } ?? true
        var wanted: [String] = []
        if known != head || !isPresent {
            wanted.append("+\(branch.remoteReference):\(branch.mirrorReference)")
        }
        let tags = request.wantsTags == true ? self.tags(of: head, among: heads) : []
        for tag in tags where try mirror.header(of: tag.id) == nil {
            wanted.append("+\(tag.reference):refs/slipway-tags/head")
        }
        if !hasNotes { wanted.append("+\(NotesPlace.reference):\(NotesPlace.mirrorReference)") }
        if !wanted.isEmpty {
            try remote.download(wanted)
            if known != head || !isPresent { try mirror.setReference(branch.mirrorReference, to: head) }
            if let notes, !hasNotes { try mirror.setReference(NotesPlace.mirrorReference, to: notes) }
        }
        return FetchAnswer(
            ok: true, head: head.hex, notes: notes?.hex, tags: tags.map(\.id.hex),
            receivedBytes: monitor.receivedBytes)
    }

    /// Annotated tags of the head: a remote tells what each of them names under its name and `^{}`. At most 20.
    private func tags(
        of head: ObjectID, among heads: [String: ObjectID]
    ) -> [(reference: String, id: ObjectID)] {
        heads.filter { $0.value == head && $0.key.hasPrefix("refs/tags/") && $0.key.hasSuffix("^{}") }
            .compactMap { name, _ in
                let reference = String(name.dropLast(3))
                // What would be no branch's name has no place in a list of what to fetch either.
                guard (try? BranchName(String(reference.dropFirst("refs/tags/".count)))) != nil else {
                    return nil
                }
                return heads[reference].map { (reference, $0) }
            }
            .sorted { $0.reference < $1.reference }.suffix(20)
    }

    func prepareLibrary() throws(GitError) {
        try LibGit2.start()
        // A person has named this repository; whoever owns its files may be somebody else.
        try check("GIT_OPT_SET_OWNER_VALIDATION", slipway_git_set_owner_validation(0))
        let size = Int(clamping: request.maximumSizeInBytes)
        try check(
            "GIT_OPT_SET_PACK_MAX_OBJECTS", slipway_git_set_pack_limits(10_000_000, min(size, 256 << 20)))
        let certificates = request.certificateAuthorityFile ?? "/etc/ssl/certs/ca-certificates.crt"
        if address.transport == .https {
            try check("GIT_OPT_SET_SSL_CERT_LOCATIONS", unsafe slipway_git_set_certificates(certificates))
        }
        // The index of a pack and its lock files count as well, so a little more than the transfer itself.
        var limit = rlimit()
        limit.rlim_cur = rlim_t(clamping: request.maximumSizeInBytes) &+ (64 << 20)
        limit.rlim_max = limit.rlim_cur
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    }

    private func openMirror() throws(GitError) -> RepositoryHandle {
        try openRepository(request.mirror)
    }

    func openRepository(_ path: String) throws(GitError) -> RepositoryHandle {
        if FileManager.default.fileExists(atPath: path + "/HEAD") {
            do throws(GitError) {
                return try RepositoryHandle(opening: path)
            } catch {
                throw GitError(call: "mirror", code: error.code, category: error.category, text: error.text)
            }
        }
        return try RepositoryHandle(creating: path)
    }

    /// libgit2 looks for known hosts in the home directory only, which the controller has set to a folder of
    /// ours.
    func prepareKnownHosts() throws(GitError) {
        guard case .sshKey(_, let knownHosts, _) = request.credentials, address.transport == .ssh,
            let home = unsafe getenv("HOME").map({ unsafe String(cString: $0) })
        else { return }
        do {
            let content = try Data(contentsOf: URL(filePath: knownHosts))
            try FileManager.default.createDirectory(
                atPath: home + "/.ssh", withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            try content.write(to: URL(filePath: home + "/.ssh/known_hosts"), options: .atomic)
        } catch {
            throw GitError(
                call: "known_hosts", code: -1, category: 0,
                text: "cannot copy \(knownHosts) to \(home)/.ssh: \(error)")
        }
    }
}
