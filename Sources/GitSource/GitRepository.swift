public import Execution
public import Model
public import Ports
internal import Synchronization

/// A remote repository, followed through a bare mirror on this machine.
///
/// Everything that talks to the remote runs in the program `slipway-fetch`, which is killed when its time is
/// over: libgit2 1.5 waits for a silent peer without end. It cannot fetch a part of a history either, so the
/// first fetch brings all of the branch. Objects are never removed from the mirror, so commits that were
/// rewritten stay readable for as long as the mirror lives.
public final class GitRepository: SourceRepository {
    public let address: RemoteAddress
    /// The bare repository on this machine; it moves when a damaged mirror is made anew.
    public var mirrorPath: String { folder.current }
    private let folder: MirrorFolder
    private let configuration: GitRepositoryConfiguration
    let pool: BlockingPool
    private let mirror = Mutex<Mirror?>(nil)
    /// One fetch at a time: a mirror has one writer.
    private let turn = Turnstile()
    /// One push at a time, in a repository of its own: it holds up no fetch.
    private let pushTurn = Turnstile()
    /// The head of the notes, of the last fetch.
    private let lastNotes = Mutex<CommitID?>(nil)
    /// By branch: the last head that was signed as it has to be.
    private let verifiedHeads = Mutex<[String: CommitID]>([:])
    var notesHead: CommitID? { lastNotes.withLock { $0 } }

    /// - Parameter pool: runs the reads of the mirror, and waits for `slipway-fetch`.
    /// - Throws: `SourceError` with `invalidConfiguration`.
    public init(configuration: GitRepositoryConfiguration, pool: BlockingPool) throws(SourceError) {
        address = try RemoteAddress(configuration.url, allowsLocal: configuration.allowsLocal)
        try Self.check(configuration, address)
        self.configuration = configuration
        self.pool = pool
        folder = MirrorFolder(path: configuration.mirrorDirectory + "/" + (try MirrorName.make(for: address)))
    }

    public func fetch(branch: String) async throws(SourceError) -> CommitID {
        let branch = try BranchName(branch)
        let isCancelled = CancellationFlag()
        await turn.enter()
        defer { turn.leave() }
        let result: Result<CommitID, SourceError> = await withTaskCancellationHandler {
            await pool.run { () -> Result<CommitID, SourceError> in
                Result { () throws(SourceError) in try self.fetchBlocking(branch, isCancelled) }
            }
        } onCancel: {
            isCancelled.set()
        }
        return try result.get()
    }

    public func snapshot(at commit: CommitID) async throws(SourceError) -> any TreeSnapshot {
        try await pool.run { () throws(SourceError) in try self.openMirror().snapshot(at: commit) }
    }

    public func changes(
        from old: CommitID?, to new: CommitID, under path: String
    ) async throws(SourceError) -> TreeChanges {
        try await pool.run { () throws(SourceError) in
            try self.openMirror().changes(from: old, to: new, under: path)
        }
    }

    /// Whether the mirror holds the commit, so that `snapshot` and `changes` can read it. `false` if there is
    /// no mirror yet, or if it cannot be read.
    public func commitExists(_ commit: CommitID) async -> Bool {
        await pool.run {
            // Whatever is wrong with the mirror, the commit cannot be read from it; the next fetch says what
            // it is.
            (try? self.openMirror().contains(commit)) ?? false
        }
    }

    // MARK: - Fetching

    private func fetchBlocking(
        _ branch: BranchName, _ isCancelled: CancellationFlag
    ) throws(SourceError) -> CommitID {
        let isDamaged = mirror.withLock { $0?.isDamaged ?? false }
        if !isDamaged {
            do throws(SourceError) {
                return try fetchOnce(branch, into: mirrorPath, isCancelled)
            } catch  where error.code == .corrupt {
                // Falls through to a new mirror.
            }
        }
        return try replaceMirror(branch, isCancelled)
    }

    private func fetchOnce(
        _ branch: BranchName, into path: String, _ isCancelled: CancellationFlag
    ) throws(SourceError) -> CommitID {
        let found = try runHelper(branch, into: path, isCancelled)
        return try accept(found, branch)
    }

    /// Takes what was fetched, once it is all there and signed by whom it has to be.
    private func accept(
        _ found: (head: CommitID, notes: CommitID?, tags: [ObjectID]), _ branch: BranchName
    ) throws(SourceError) -> CommitID {
        try verify(found.head)
        lastNotes.withLock { $0 = found.notes }
        guard let policy = configuration.verification[branch.text] else { return found.head }
        let verifier = HeadVerifier(
            policy: policy, check: SignatureCheck(policy: policy, folder: folder.home + "/signatures"),
            branch: branch, tags: found.tags)
        try verifier.verify(ObjectID(found.head), in: try openRepository())
        verifiedHeads.withLock { $0[branch.text] = found.head }
        return found.head
    }

    private func openRepository() throws(SourceError) -> RepositoryHandle {
        do throws(GitError) {
            return try RepositoryHandle(opening: mirrorPath)
        } catch {
            throw error.damage(mirrorPath)
        }
    }

    /// Whether the commit is part of what was signed; where nothing has to be, every commit is. Blocking.
    func isTrusted(_ commit: CommitID) -> Bool {
        guard !configuration.verification.isEmpty else { return true }
        // A mirror that cannot be read proves nothing.
        guard let repository = try? openRepository() else { return false }
        return verifiedHeads.withLock { $0 }.values.contains { head in
            head == commit || (try? repository.isDescendant(ObjectID(head), of: ObjectID(commit))) == true
        }
    }

    /// Reads what was just fetched; anything that is missing is damage.
    private func verify(_ head: CommitID) throws(SourceError) {
        do throws(SourceError) {
            _ = try openMirror().snapshot(at: head)
        } catch  where error.code == .notFound {
            // The folder may have been exchanged under the open mirror.
            mirror.withLock { $0 = nil }
            guard try openMirror().contains(head) else {
                throw SourceError(
                    .corrupt, "The mirror \(mirrorPath) lacks the commit \(head.short) it just got.")
            }
        }
    }

    /// Fetches everything into a new mirror and puts it in the place of the damaged one. Fails without
    /// touching the old one.
    private func replaceMirror(
        _ branch: BranchName, _ isCancelled: CancellationFlag
    ) throws(SourceError) -> CommitID {
        try folder.prepareFresh()
        let found = try runHelper(branch, into: folder.fresh, isCancelled)
        try folder.install()
        mirror.withLock { $0 = nil }
        return try accept(found, branch)
    }

    private func runHelper(
        _ branch: BranchName, into path: String, _ isCancelled: CancellationFlag
    ) throws(SourceError) -> (head: CommitID, notes: CommitID?, tags: [ObjectID]) {
        var request = try request(branch, path, configuration.credentials)
        request.wantsTags = configuration.verification[branch.text]?.require == .tag
        let heads = try helper.run(request) { isCancelled.isSet }
        guard let head = heads.head else {
            throw SourceError(.internal, "The fetch helper answered without saying anything.")
        }
        return (head, heads.notes, heads.tags)
    }

    private var helper: FetchHelperProcess {
        FetchHelperProcess(
            program: configuration.fetchHelper, home: folder.home, timeout: configuration.limits.fetchTimeout)
    }

    private func request(
        _ branch: BranchName, _ path: String, _ credentials: GitCredentials,
        _ publication: FetchRequest.Publication? = nil
    ) throws(SourceError) -> FetchRequest {
        FetchRequest(
            url: configuration.url, allowsLocal: configuration.allowsLocal, branch: branch.text, mirror: path,
            credentials: try load(credentials),
            certificateAuthorityFile: configuration.certificateAuthorityFile,
            maximumSizeInBytes: configuration.limits.repositorySizeInBytes, publication: publication)
    }

    /// Pushes in the helper's process, with the credentials for that.
    ///
    /// - Returns: the head of what was pushed to.
    func publish(
        _ work: FetchRequest.Publication.Work
    ) async throws(SourceError) -> FetchHelperProcess.Heads {
        guard let credentials = configuration.pushCredentials else {
            throw SourceError(
                .unauthorized,
                "Nothing is pushed to \(address.text): no credentials are configured for that. Set `write`.")
        }
        let isCancelled = CancellationFlag()
        await pushTurn.enter()
        defer { pushTurn.leave() }
        let result: Result<FetchHelperProcess.Heads, SourceError> = await withTaskCancellationHandler {
            await pool.run { () -> Result<FetchHelperProcess.Heads, SourceError> in
                Result { () throws(SourceError) in
                    let publication = FetchRequest.Publication(workshop: self.folder.workshop, work: work)
                    // The branch does not matter here; any good name will do.
                    let request = try self.request(
                        try BranchName("main"), self.mirrorPath, credentials, publication)
                    return try self.helper.run(request) { isCancelled.isSet }
                }
            }
        } onCancel: {
            isCancelled.set()
        }
        return try result.get()
    }

    private func load(_ credentials: GitCredentials) throws(SourceError) -> FetchRequest.Credentials {
        switch credentials {
        case .none: return .none
        case .token(let username, let secret): return .token(username: username, token: secret.value)
        case .sshKey(let path, let knownHosts, let user):
            return .sshKey(path: path, knownHosts: knownHosts, user: user)
        case .tokenFile(let username, let path):
            return .token(username: username, token: try TokenFile.read(path))
        }
    }

    /// Works out a merge, in the mirror and so in turn with the fetches.
    func propose(
        _ reference: String, into branch: BranchName
    ) async throws(SourceError) -> FetchHelperProcess.Heads {
        let isCancelled = CancellationFlag()
        await turn.enter()
        defer { turn.leave() }
        let result: Result<FetchHelperProcess.Heads, SourceError> = await withTaskCancellationHandler {
            await pool.run { () -> Result<FetchHelperProcess.Heads, SourceError> in
                Result { () throws(SourceError) in
                    var request = try self.request(branch, self.mirrorPath, self.configuration.credentials)
                    request.proposal = reference
                    return try self.helper.run(request) { isCancelled.isSet }
                }
            }
        } onCancel: {
            isCancelled.set()
        }
        return try result.get()
    }

    // MARK: - The mirror

    private func openMirror() throws(SourceError) -> Mirror {
        if let open = mirror.withLock({ $0 }) { return open }
        guard folder.exists else {
            throw SourceError(
                .notFound, "There is no mirror of \(address.text) yet; it has to be fetched first.")
        }
        do throws(GitError) {
            let opened = try Mirror(opening: mirrorPath, limits: configuration.limits)
            mirror.withLock { $0 = opened }
            return opened
        } catch {
            throw error.damage(mirrorPath)
        }
    }

    private static func check(
        _ configuration: GitRepositoryConfiguration, _ address: RemoteAddress
    ) throws(SourceError) {
        for (path, purpose) in [
            (configuration.fetchHelper, "path of slipway-fetch"),
            (configuration.mirrorDirectory, "mirror directory")
        ] where !path.hasPrefix("/") {
            throw SourceError(
                .invalidConfiguration, "The \(purpose) must be an absolute path; it is \"\(path)\".")
        }
        for credentials in [configuration.credentials, configuration.pushCredentials ?? .none] {
            try check(credentials, address)
        }
    }

    private static func check(_ credentials: GitCredentials, _ address: RemoteAddress) throws(SourceError) {
        switch credentials {
        case .none: break
        case .token, .tokenFile:
            guard address.transport == .https || address.transport == .http && address.isLoopback else {
                throw SourceError(
                    .invalidConfiguration,
                    "A token is sent over https only; \(address.text) is not an https URL.")
            }
        case .sshKey:
            guard address.transport == .ssh else {
                throw SourceError(
                    .invalidConfiguration, "An SSH key does not fit \(address.text), which is not SSH.")
            }
        }
    }
}
