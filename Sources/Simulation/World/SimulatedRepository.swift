internal import Model
internal import Ports
internal import SpecLoading

/// Git as one incarnation reaches it.
struct SimulatedRepository: SourceRepository {
    let world: World
    let incarnation: Incarnation
    private static let dead = SourceError(.unreachable, "the process has ended")

    func fetch(branch: String) async throws(SourceError) -> CommitID {
        guard incarnation.isAlive, !Task.isCancelled else { throw Self.dead }
        world.crossing(.fetching, incarnation)
        let problem = world.gitProblem
        let isSlow = problem?.code == .timeout
        let delay = isSlow ? 30_000_000_000 : world.latencyChance.milliseconds(20, 400)
        guard await world.pause(delay, incarnation) else { throw Self.dead }
        if let problem { throw problem }
        if let script = world.script { return try script.fetch() }
        return try world.repository.fetch(branch: branch)
    }

    func snapshot(at commit: CommitID) async throws(SourceError) -> any TreeSnapshot {
        guard await world.pause(world.latencyChance.milliseconds(0, 3), incarnation) else { throw Self.dead }
        if let script = world.script { return try script.snapshot(at: commit) }
        return try world.repository.snapshot(at: commit)
    }

    func changes(
        from old: CommitID?, to new: CommitID, under path: String
    ) async throws(SourceError) -> TreeChanges {
        guard await world.pause(world.latencyChance.milliseconds(0, 5), incarnation) else { throw Self.dead }
        if let script = world.script { return try script.files(at: new) }
        return try world.repository.changes(from: old, to: new, under: path)
    }
}

/// What people have pushed.
struct GitState {
    /// The content that people want, whatever a fault has made of the branch meanwhile.
    var wanted: [String: String] = [:]
    var pushed: [CommitID] = []
    /// Specs that have been loaded, by the text of their file.
    var loaded: [String: [AppSpec]] = [:]
}

extension World {
    var gitProblem: SourceError? {
        for window in windows {
            if case .git(let code, _) = window.occurrence.kind {
                return SourceError(code, "git: \(code.rawValue)")
            }
        }
        guard !windows.isEmpty else { return nil }
        if isUnresolved(.git) { return SourceError(.unreachable, "failed to resolve address") }
        // The fetch is a process of its own, and its pipes cannot be opened.
        if lacksDescriptors(.controller) { return SourceError(.internal, "too many open files") }
        return nil
    }

    private var contentTrouble: GitContent? {
        for window in windows {
            if case .gitContent(let content, _) = window.occurrence.kind { return content }
        }
        return nil
    }

    func push(_ commit: CommitPlan) {
        git.wanted = commit.files
        // While the branch is spoilt nobody can push; it is put right with the newest content later.
        guard contentTrouble == nil || contentTrouble == .burst else { return }
        push(commit.files, subject: commit.subject)
    }

    func push(_ files: [String: String], subject: String) {
        guard let id = repository.commit(files, subject: subject) else { return }
        git.pushed.append(id)
        note("commit …\(id.rawValue.suffix(3)): \(subject)")
        if options.keepsStory { tell(files) }
        noteHead(id, files)
    }

    /// What is new in the branch, into the story.
    private func tell(_ files: [String: String]) {
        for (path, text) in files.sorted(by: { $0.key < $1.key }) where git.loaded[text] == nil {
            note("    \(path)")
            for line in text.split(separator: "\n") { note("    | \(line)") }
        }
    }

    private func noteHead(_ id: CommitID, _ files: [String: String]) {
        lastChange = now
        truth.head = id
        truth.wanted = [:]
        truth.broken = []
        for (path, text) in files.sorted(by: { $0.key < $1.key }) {
            if text.holds(SpecText.brokenMark) { truth.broken.formUnion(Self.app(path)) }
            for spec in load(path, text) {
                truth.wanted[spec.name] = spec
                if namedAt[spec.image] == nil { namedAt[spec.image] = now }
                if ImageTemper(image: spec.image).isGood, Self.doesItsWork(spec.release) {
                    truth.goodImages.insert(spec.image)
                }
            }
        }
        happen(.pushed(id))
    }

    /// The last word of a release command says what becomes of it.
    private static func doesItsWork(_ command: ReleaseCommandSpec?) -> Bool {
        command?.command.last.map { $0 == ImageTemper.exit0.rawValue } ?? true
    }

    /// A file is named after its app.
    private static func app(_ path: String) -> [AppName] {
        let file = path.split(separator: "/").last ?? ""
        return AppName(String(file.prefix { $0 != "." })).map { [$0] } ?? []
    }

    private func load(_ path: String, _ text: String) -> [AppSpec] {
        if let known = git.loaded[text] { return known }
        guard let project = ProjectName("sim") else { return [] }
        let file = SpecLoader(project: project, hasEdge: plan.hasEdge).load(
            path: path, bytes: Array(text.utf8)
        ) { path in
            throw SourceError(.notFound, "\(path) is not there")
        }
        let specs = file.specs.map(\.spec)
        git.loaded[text] = specs
        for broken in file.broken where !text.holds(SpecText.brokenMark) {
            let reason = broken.diagnostics.first?.message ?? ""
            breach("SIM", "generated specs load", "\(path): \(reason)")
        }
        return specs
    }

    /// Spoils what the branch holds.
    func spoil(_ content: GitContent, _ window: Window) {
        switch content {
        case .broken:
            var files = git.wanted
            guard let path = window.chance.pick(files.keys.sorted()) else { return }
            files[path] = (files[path] ?? "") + SpecText.brokenMark
            // What is missing beside it may stand in what cannot be read.
            if let other = window.chance.pick(files.keys.sorted()), other != path { files[other] = nil }
            push(files, subject: content.rawValue)
        case .empty:
            push([:], subject: content.rawValue)
        case .old:
            guard git.pushed.count > 1 else { return }
            let id = git.pushed[window.chance.below(git.pushed.count - 1)]
            if let files = repository.moveHead(to: id) {
                note("force-push to \(id.short)")
                noteHead(id, files)
            }
        case .burst:
            for round in 0..<window.chance.between(3, 12) {
                after(Int64(round) * 400_000_000) { [self] in
                    var files = git.wanted
                    guard let path = files.keys.sorted().first else { return }
                    files[path] = (files[path] ?? "") + "# \(round)\n"
                    git.wanted = files
                    push(files, subject: content.rawValue)
                }
            }
        }
    }
}
