internal import Model
internal import Planning
internal import Ports

/// One app of a rehearsal, as far as it has come.
struct AppTrace {
    /// In the order in which they stand in a line.
    enum Kind: Int {
        case image, noImage, rollout, command, step, start, again, exit, lost, ready, proven, bake, question,
            waiting
        case failed, weight, drain, stop, removed, restored, succeeded, kept, held
    }
    struct Fragment {
        var kind: Kind
        var text: String
    }

    private let name: AppName
    private let base: AppSpec?
    private let head: AppSpec?
    private let lastGood: Release?
    private let isRouted: Bool
    private var target: Release?

    var fragments: [Fragment] = []
    var started: Set<String> = []
    var draining: Set<String> = []
    private var hasImage = false
    private var pulls = 0
    private var isKept = false
    private var isBeingRemoved = false
    var isForgotten = false
    var questions = 0
    private var moments: [RehearsalRecord.Moment] = []

    private var ready: [ProcessName: Int] = [:]
    private var readyNow: Set<String> = []
    private var readyBefore: Set<String> = []
    private var newReady = 0
    private var allReady = 0
    private var share: Int?
    private var toldShare: Int?
    private var lowest: [ProcessName: Int] = [:]
    private var atBeginning: [ProcessName: Int] = [:]
    private var openDowntimes: [ProcessName: Int64] = [:]
    private var downtimes: [RehearsalRecord.Downtime] = []

    private var proven = 0
    private var isBaking = false
    private var because: [Blocker] = []
    private var toldBecause: Set<String> = []
    private var outcome: RolloutRecord.Outcome?
    private var endedAt: Int64?
    private var noticedAt: Int64?
    private var restoredAt: Int64?

    init(_ name: AppName, _ specs: RehearsalSpecs, lastGood: Release?) {
        self.name = name
        base = lastGood?.spec ?? specs.base[name]
        head = specs.head[name]
        self.lastGood = lastGood
        isRouted = (head ?? base)?.processes.contains(where: \.isRouted) ?? false
    }

    // MARK: What is seen

    mutating func clear() {
        ready = [:]
        readyNow = []
        newReady = 0
        allReady = 0
    }

    mutating func count(_ instance: WorldTruth.Instance) {
        guard instance.isReady else { return }
        let labels = instance.observed.labels
        ready[labels.process, default: 0] += 1
        readyNow.insert(instance.observed.name)
        guard let target, isChanged(labels.process) else { return }
        allReady += 1
        if labels.template == target.templates[labels.process]?.digest { newReady += 1 }
    }

    /// The containers of the process differ between the two releases.
    private func isChanged(_ process: ProcessName) -> Bool {
        target?.templates[process]?.digest != lastGood?.templates[process]?.digest
    }

    mutating func readShare(_ routes: [RouteKey: ObservedRoute]) {
        guard let target else {
            share = nil
            return
        }
        let route = routes.filter { $0.key.app == name }.sorted { $0.key < $1.key }.first?.value.route
        if let route {
            share = Int(route.share(of: target.number).rounded())
        } else {
            share = allReady == 0 ? 0 : newReady * 100 / allReady
        }
    }

    mutating func begin() {
        atBeginning = ready
        for process in base?.processes ?? [] where (ready[process.name] ?? 0) > 0 {
            lowest[process.name] = ready[process.name]
        }
        readyBefore = readyNow
    }

    // MARK: What the controller writes down

    mutating func take(_ event: EventRecord, at now: Int64, _ steps: [Step]) {
        switch event.kind {
        case .rolloutStarted: fragments.append(.init(kind: .rollout, text: Self.movement(event, steps)))
        case .releaseCommandEnded: fragments.append(.init(kind: .command, text: event.message))
        case .stepPassed: break
        case .rolloutSucceeded:
            outcome = .succeeded
            endedAt = now
            fragments.append(.init(kind: .succeeded, text: "\(release(event)) is the last good release now"))
        case .rolloutFailed:
            if noticedAt == nil { noticedAt = now }
            fragments.append(.init(kind: .failed, text: event.message))
        case .rolledBack:
            outcome = .rolledBack
            endedAt = now
            restoredAt = now
            let end = event.message.split(separator: ";").last.map(String.init) ?? event.message
            fragments.append(.init(kind: .restored, text: String(end.drop { $0 == " " })))
        case .held:
            outcome = .held
            endedAt = now
            fragments.append(.init(kind: .held, text: event.message))
        case .superseded, .aborted: fragments.append(.init(kind: .held, text: event.message))
        case .appRemoved:
            endedAt = now
            fragments.append(.init(kind: .succeeded, text: event.message))
        default: break
        }
    }

    private func release(_ event: EventRecord) -> String { event.release.map { "\($0)" } ?? "the release" }

    private static func movement(_ event: EventRecord, _ steps: [Step]) -> String {
        let shares =
            steps.count > 1 ? steps.map { "\($0.traffic ?? $0.instances)" }.joined(separator: ", ") : ""
        return "the rollout begins: \(event.message)" + (shares.isEmpty ? "" : " \(shares) %")
    }

    mutating func pulled(_ reference: String, _ error: String?) {
        guard !hasImage else { return }
        pulls += 1
        hasImage = error == nil
        if let error {
            // Each further attempt says the same.
            if pulls == 1 { fragments.append(.init(kind: .noImage, text: "\(reference): \(error)")) }
        } else {
            let attempt = pulls > 1 ? " (attempt \(pulls))" : ""
            fragments.append(.init(kind: .image, text: reference + attempt))
        }
    }

    private mutating func tellKept(_ kept: KeptRelease?) {
        if let kept, !isKept {
            fragments.append(
                .init(
                    kind: .kept, text: "\(kept.release.number) is kept for a while, for an instant way back"))
        }
        isKept = kept != nil
    }

    mutating func take(_ memory: AppMemory) {
        tellKept(memory.kept)
        isBeingRemoved = memory.isBeingRemoved
        guard let rollout = memory.rollout else {
            proven = 0
            isBaking = false
            return
        }
        if target?.number != rollout.target.number { target = rollout.target }
        guard case .moving = rollout.phase else { return }
        let steps = rollout.steps(from: memory.lastGood)
        if let step, rollout.step > step {
            let next = steps[min(rollout.step, steps.count - 1)]
            let share =
                "\(next.traffic ?? next.instances) % of the \(isRouted ? "requests" : "instances")"
            fragments.append(
                .init(kind: .step, text: "step \(rollout.step + 1) of \(steps.count) begins: \(share)"))
        }
        step = rollout.step
        if rollout.provenMaximum > proven {
            fragments.append(
                .init(kind: .proven, text: "\(rollout.provenMaximum) of \(rollout.target.number) proven"))
        }
        proven = rollout.provenMaximum
        let bake = steps[min(rollout.step, steps.count - 1)].bake
        if rollout.bakingSince != nil, !isBaking, bake > .zero {
            fragments.append(
                .init(
                    kind: .bake,
                    text: "step \(rollout.step + 1) of \(steps.count) is in place and bakes \(bake)"))
        }
        isBaking = rollout.bakingSince != nil
    }
    private var step: Int?

    mutating func take(_ status: AppStatus) {
        because = status.because.filter { Self.worthTelling.contains($0.cause) }
    }

    private static let worthTelling: Set<Blocker.Cause> = [
        .dependency, .group, .evidence, .deletionBrake, .treeIncomplete, .specInvalid, .notYetSupported,
        .irreversible, .rollbackOff, .noLastGood, .deadline, .policy, .stuck, .pinned
    ]

    /// What is in the way at the end of an instant and was not before.
    private mutating func tellBecause() {
        for blocker in because where toldBecause.insert(Self.key(blocker)).inserted {
            let text = ValueFree.text(blocker.message) + (blocker.command.map { " · \($0)" } ?? "")
            fragments.append(.init(kind: .waiting, text: text))
        }
    }

    private static func key(_ blocker: Blocker) -> String { blocker.cause.rawValue + blocker.object }

    // MARK: The end of an instant

    mutating func write(at now: Int64, isHostAway: Bool) {
        measure(at: now, isHostAway)
        tellBecause()
        for name in readyNow.subtracting(readyBefore).sorted() {
            fragments.append(.init(kind: .ready, text: name))
        }
        tellLost()
        readyBefore = readyNow
        if share != toldShare, let share, let target, isRouted {
            fragments.append(
                .init(kind: .weight, text: "the edge gives \(target.number) \(share) % of the requests"))
        }
        toldShare = share
        guard !fragments.isEmpty else { return }
        let groups = Dictionary(grouping: fragments) { $0.kind.rawValue }.sorted { $0.key < $1.key }.map(
            \.value)
        fragments = []
        let lines = groups.flatMap { group in texts(group) }
        guard !lines.isEmpty else { return }
        for (index, line) in lines.enumerated() {
            moments.append(
                .init(
                    atMilliseconds: now, kind: line.kind, text: line.text,
                    ready: index == lines.count - 1 ? capacity : [],
                    newPercent: index == lines.count - 1 ? share : nil))
        }
    }

    /// Instances that are not well any more, and that nobody has stopped.
    private mutating func tellLost() {
        let known = Set(fragments.filter { $0.kind == .stop || $0.kind == .removed }.map(\.text))
        guard !fragments.contains(where: { $0.kind == .exit }) else { return }
        for name in readyBefore.subtracting(readyNow).subtracting(known).sorted() {
            fragments.append(.init(kind: .lost, text: name))
        }
    }

    private var capacity: [RehearsalRecord.Ready] {
        (head ?? base)?.processes.filter { $0.effectiveReplicas > 0 || ready[$0.name] != nil }.map {
            .init(
                process: $0.name, ready: ready[$0.name] ?? 0, want: isBeingRemoved ? 0 : $0.effectiveReplicas)
        } ?? []
    }

    private mutating func measure(at now: Int64, _ isHostAway: Bool) {
        for (process, least) in lowest {
            lowest[process] = min(least, ready[process] ?? 0)
            guard head?.process(process)?.effectiveReplicas ?? 0 > 0 else { continue }
            let isDown = (ready[process] ?? 0) == 0
            if isDown, openDowntimes[process] == nil {
                openDowntimes[process] = now
                downtimes.append(
                    .init(
                        process: process, fromMilliseconds: now, lengthMilliseconds: nil,
                        reason: reason(process, isHostAway)))
            } else if !isDown, let since = openDowntimes.removeValue(forKey: process),
                let place = downtimes.lastIndex(where: { $0.process == process })
            {
                downtimes[place].lengthMilliseconds = now - since
            }
        }
    }

    private func reason(_ process: ProcessName, _ isHostAway: Bool) -> String {
        if isHostAway { return "the host is away" }
        guard let spec = head, let found = spec.process(process) else { return "it is removed" }
        if spec.deploy.effectiveStrategy == .recreate {
            return "`strategy: recreate` stops the old release before the new one starts"
        }
        if found.hasSingleWriter(spec.volumes) {
            return "its volume has one writer, so the old instance stops before the new one starts"
        }
        return "no instance is ready"
    }

    private func texts(_ group: [Fragment]) -> [(kind: RehearsalRecord.Moment.Kind, text: String)] {
        guard let kind = group.first?.kind else { return [] }
        let all = group.map(\.text).sorted()
        let names = Self.names(all)
        let are = all.count == 1 ? "is" : "are"
        switch kind {
        case .image: return [(.image, "\(names) \(are) on the host")]
        case .noImage: return all.prefix(1).map { (.trouble, "the image cannot be pulled: \($0)") }
        case .rollout: return all.map { (.rollout, $0) }
        case .command: return all.map { (.command, $0) }
        case .step: return all.map { (.step, $0) }
        case .start: return [(.start, "\(names) \(are) started")]
        case .again: return [(.start, "\(names) \(are) started again")]
        case .exit: return all.map { (.trouble, $0) }
        case .lost: return [(.trouble, "\(names) \(are) not ready any more")]
        case .ready: return [(.ready, "\(names) \(are) ready")]
        case .proven: return all.map { (.proven, $0) }
        case .bake: return all.map { (.bake, $0) }
        case .question:
            return all.map {
                (.question, "a person would be asked here (\($0)); goes on as if the answer were yes")
            }
        case .waiting: return all.map { (.waiting, $0) }
        case .failed: return all.map { (.failed, $0) }
        case .weight: return all.map { (.weight, $0) }
        case .drain:
            return [
                (
                    .weight,
                    "\(names) \(all.count == 1 ? "gets" : "get") no new requests and \(all.count == 1 ? "drains" : "drain")"
                )
            ]
        case .stop: return [(.stop, "\(names) \(are) stopped")]
        case .removed: return [(.removed, "\(names) \(are) removed")]
        case .restored: return all.map { (.restored, $0) }
        case .succeeded: return all.map { (.succeeded, $0) }
        case .kept: return all.map { (.kept, $0) }
        case .held: return all.map { (.held, $0) }
        }
    }

    private static func names(_ all: [String]) -> String {
        guard all.count > 3, let first = all.first else { return all.joined(separator: ", ") }
        return "\(first) and \(all.count - 1) more"
    }

    // MARK: The record

    func record(_ status: AppStatus?) -> RehearsalRecord.App {
        let processes = (head ?? base)?.processes.map { process in
            RehearsalRecord.Process(
                name: process.name, want: isBeingRemoved || isForgotten ? 0 : process.effectiveReplicas,
                lowest: lowest[process.name], readyAtEnd: ready[process.name] ?? 0)
        }
        return RehearsalRecord.App(
            app: name, change: change(status), from: lastGood?.number, to: target?.number,
            strategy: target == nil ? nil : target?.spec.deploy.effectiveStrategy, verdict: status?.verdict,
            outcome: outcome, moments: moments, durationMilliseconds: endedAt,
            noticedAtMilliseconds: noticedAt,
            restoredAtMilliseconds: restoredAt, processes: processes ?? [], started: started.count,
            stopped: 0,
            kept: 0, downtimes: downtimes, questions: questions,
            because: (status?.because ?? []).map(ValueFree.blocker), notes: [])
    }

    private func change(_ status: AppStatus?) -> RehearsalRecord.Change {
        if status?.verdict == .invalid { return .invalid }
        if isForgotten || head == nil { return .remove }
        if lastGood == nil { return .create }
        return target == nil && head == base ? .none : .update
    }
}
