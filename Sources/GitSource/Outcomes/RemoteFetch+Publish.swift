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
    /// What becomes of the remote's references.
    private enum Step {
        case move(String, from: ObjectID?, to: ObjectID)
        case done(ObjectID?)
        case overtaken(String)
    }

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
        var race = PushRace()
        while true {
            let remote = try RemoteHandle(url: address.text, in: workshop, monitor: monitor)
            monitor.beginAgain()
            try remote.connect()
            let heads = try remote.heads()
            try bring(publication.work, heads, from: remote, into: workshop)
            let step = try step(publication.work, heads, in: workshop)
            try remote.disconnect()
            guard case .move(let target, let head, let commit) = step else { return answer(step) }
            try workshop.setReference(Self.pending, to: commit)
            monitor.beginAgain()
            // A proposal is made anew in the place of the one before, whose commit is no ancestor of it.
            let isForced = head != nil && publication.work.isProposal
            if try push(to: target, isForced: isForced, from: workshop, monitor) {
                return answer(.done(commit))
            }
            guard race.isWorthAnother(after: head, isRefusal: monitor.refusal != nil) else {
                throw lost(monitor.refusal ?? "somebody else has pushed first each time")
            }
            race.wait()
        }
    }

    private func lost(_ reason: String) -> GitError {
        GitError(call: "push", code: GIT_ENONFASTFORWARD.rawValue, category: 0, text: reason)
    }

    private static let fetched = "refs/slipway/fetched"
    private static let pending = "refs/slipway/pending"

    private func bring(
        _ work: FetchRequest.Publication.Work, _ heads: [String: ObjectID],
        from remote: borrowing RemoteHandle,
        into workshop: borrowing RepositoryHandle
    ) throws(GitError) {
        for name in work.references {
            guard let head = heads[name], try workshop.header(of: head) == nil else { continue }
            try remote.download(["+\(name):\(Self.fetched)"])
            try workshop.setReference(Self.fetched, to: head)
        }
    }

    private func answer(_ step: Step) -> FetchAnswer {
        switch step {
        case .move(_, _, let commit): FetchAnswer(ok: true, head: commit.hex)
        case .done(let commit): FetchAnswer(ok: true, head: commit?.hex)
        case .overtaken(let reason): FetchAnswer(ok: true, overtaken: reason)
        }
    }

    /// `false`: the reference on the remote has moved meanwhile, or it said no; the monitor knows.
    private func push(
        to target: String, isForced: Bool, from workshop: borrowing RepositoryHandle, _ monitor: FetchMonitor
    ) throws(GitError) -> Bool {
        let remote = try RemoteHandle(url: address.text, in: workshop, monitor: monitor)
        do throws(GitError) {
            try remote.connect(for: .pushing)
            try remote.upload("\(isForced ? "+" : "")\(Self.pending):\(target)")
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
        var race = PushRace()
        while true {
            var heads: [String: ObjectID] = [:]
            for name in publication.work.references { heads[name] = try repository.target(ofReference: name) }
            let step = try step(publication.work, heads, in: repository)
            guard case .move(let target, let head, let commit) = step else { return answer(step) }
            guard isBare || !target.hasPrefix("refs/heads/") else {
                throw GitError(
                    call: "push", code: -1, category: 0,
                    text: "it has a work tree, whose branches are its owner's")
            }
            let outcome = try repository.moveReference(target, from: head, to: commit)
            if outcome == .moved { return answer(.done(commit)) }
            guard race.isWorthAnother(after: head, isRefusal: false) else {
                throw lost(
                    outcome == .locked
                        ? "\(target).lock stands there; remove it if no other program is writing"
                        : "somebody else has written first each time")
            }
            race.wait()
        }
    }

    private func step(
        _ work: FetchRequest.Publication.Work, _ heads: [String: ObjectID],
        in repository: borrowing RepositoryHandle
    ) throws(GitError) -> Step {
        switch work {
        case .outcomes(let outcomes, let ledgers):
            let head = heads[NotesPlace.reference]
            let writer = NotesWriter(outcomes: outcomes, ledgers: ledgers)
            guard let commit = try writer.write(on: head, in: repository) else { return .done(head) }
            return .move(NotesPlace.reference, from: head, to: commit)
        case .revert(let order):
            let writer = RevertWriter(order: order)
            guard let base = heads[writer.base] else {
                return .overtaken("the branch \(order.branch) is gone")
            }
            let standing = heads[writer.target]
            if order.way == .pullRequest, let standing, try !writer.isOurs(standing, in: repository) {
                return .overtaken("somebody else has written to the branch of the proposal")
            }
            switch try writer.write(on: base, in: repository) {
            case .nothingToDo: return .done(nil)
            case .overtaken(let reason): return .overtaken(reason)
            case .commit(let commit):
                // The same order on the same head makes the same commit: it has arrived already.
                return standing == commit ? .done(commit) : .move(writer.target, from: standing, to: commit)
            }
        }
    }
}

extension FetchRequest.Publication.Work {
    /// What has to be known of the remote.
    var references: [String] {
        switch self {
        case .outcomes: [NotesPlace.reference]
        case .revert(let order):
            Array(Set([RevertWriter(order: order).base, RevertWriter(order: order).target])).sorted()
        }
    }

    var isProposal: Bool {
        if case .revert(let order) = self { return order.way == .pullRequest }
        return false
    }
}
