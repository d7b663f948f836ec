internal import CGit2
internal import CLinux
internal import Glibc
internal import Model
internal import Ports

/// Pushes, in the helper's process.
///
/// Each attempt begins with what the remote has now and puts the change on top of it, so nobody's work is ever replaced:
/// whoever was faster is built upon, and a push that the remote refuses because of that is made again.
extension RemoteFetch {
    private static let attempts = 8

    func publish(
        _ publication: FetchRequest.Publication, _ monitor: FetchMonitor
    ) throws(GitError) -> FetchAnswer {
        if address.transport == .local { return try publishInPlace(publication) }
        let workshop = try openRepository(publication.workshop)
        let lock = try MirrorLock(publication.workshop)
        defer { lock.release() }
        lock.removeLeftovers()
        // The mirror lends its objects: a new commit names what was fetched long ago.
        try? workshop.borrowObjects(of: request.mirror)
        var refusal = ""
        for _ in 0..<Self.attempts {
            let remote = try RemoteHandle(url: address.text, in: workshop, monitor: monitor)
            monitor.beginAgain()
            try remote.connect()
            let target = publication.work.reference
            let head = try remote.heads()[target]
            if let head, try workshop.header(of: head) == nil {
                try remote.download(["+\(target):\(Self.fetched)"])
                try workshop.setReference(Self.fetched, to: head)
            }
            guard let commit = try write(publication.work, on: head, in: workshop) else {
                return FetchAnswer(ok: true, head: head?.hex, receivedBytes: monitor.receivedBytes)
            }
            try remote.disconnect()
            try workshop.setReference(Self.pending, to: commit)
            monitor.beginAgain()
            if try push(commit, to: target, from: workshop, monitor) {
                return FetchAnswer(ok: true, head: commit.hex, receivedBytes: monitor.receivedBytes)
            }
            refusal = monitor.refusal ?? "somebody else has pushed meanwhile"
        }
        throw GitError(call: "push", code: GIT_ENONFASTFORWARD.rawValue, category: 0, text: refusal)
    }

    private static let fetched = "refs/slipway/fetched"
    private static let pending = "refs/slipway/pending"

    /// `false`: the reference on the remote has moved meanwhile, or it said no; the monitor knows.
    private func push(
        _ commit: ObjectID, to target: String, from workshop: borrowing RepositoryHandle,
        _ monitor: FetchMonitor
    ) throws(GitError) -> Bool {
        let remote = try RemoteHandle(url: address.text, in: workshop, monitor: monitor)
        do throws(GitError) {
            try remote.connect(for: .pushing)
            try remote.upload("\(Self.pending):\(target)")
        } catch  where error.code == GIT_ENONFASTFORWARD.rawValue {
            return false
        }
        return monitor.refusal == nil
    }

    /// A repository on this machine is written into as it is. libgit2 1.5 would move its references by force, whoever has
    /// moved them a moment before; here they are moved only from where they were read.
    private func publishInPlace(_ publication: FetchRequest.Publication) throws(GitError) -> FetchAnswer {
        // Whoever else uses the repository has to be able to read what is written.
        umask(0o022)
        let path = address.path
        let isBare = unsafe access(path + "/HEAD", F_OK) == 0
        let repository = try RepositoryHandle(opening: isBare ? path : path + "/.git")
        let target = publication.work.reference
        for _ in 0..<Self.attempts {
            let head = try repository.target(ofReference: target)
            guard let commit = try write(publication.work, on: head, in: repository) else {
                return FetchAnswer(ok: true, head: head?.hex)
            }
            if try repository.moveReference(target, from: head, to: commit) {
                return FetchAnswer(ok: true, head: commit.hex)
            }
        }
        throw GitError(
            call: "push", code: GIT_ENONFASTFORWARD.rawValue, category: 0,
            text: "somebody else has written meanwhile")
    }

    /// The commit that `work` makes of `head`; `nil`: there is nothing to be changed.
    private func write(
        _ work: FetchRequest.Publication.Work, on head: ObjectID?, in repository: borrowing RepositoryHandle
    ) throws(GitError) -> ObjectID? {
        switch work {
        case .outcomes(let outcomes, let ledgers):
            try NotesWriter(outcomes: outcomes, ledgers: ledgers).write(on: head, in: repository)
        }
    }
}

extension FetchRequest.Publication.Work {
    /// What is moved on the remote.
    var reference: String {
        switch self {
        case .outcomes: NotesPlace.reference
        }
    }
}
