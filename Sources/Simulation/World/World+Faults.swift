internal import Model
internal import Ports

/// A fault that lasts for a while.
final class Window {
    let occurrence: Occurrence
    /// Draws that decide what of the window strikes; a stream of its own.
    var chance: Chance
    /// What it has changed and puts right at its end.
    var object: String?

    init(_ occurrence: Occurrence, seed: UInt64) {
        self.occurrence = occurrence
        chance = Chance(seed: seed, concern: occurrence.id)
    }
}

extension World {
    var isDiskFull: Bool {
        windows.contains { window in
            if case .diskFull = window.occurrence.kind { return true }
            return false
        }
    }
    var isRebooting: Bool {
        windows.contains { window in
            if case .reboot = window.occurrence.kind { return true }
            return false
        }
    }

    /// Lets an occurrence take place.
    func strike(_ occurrence: Occurrence) {
        report.occurrences.append(occurrence.id)
        if let fault = occurrence.fault {
            report.faults[fault, default: 0] += 1
            happen(.fault(occurrence.sentence))
        }
        let window = Window(occurrence, seed: options.seed)
        switch occurrence.kind {
        case .push(let commit): push(commit)
        case .ask(let request, let app): ask(request, app: app)
        case .crash(let point, let again): arm(point, again)
        case .terminate: if let present, !present.isSuspended { terminate(present) }
        case .suspend(let span, let hasSecond):
            if let present { suspend(present, for: span, hasSecond: hasSecond) }
        case .life(let trouble): strike(trouble, window)
        case .wallClock(let seconds): wallOffset += seconds
        case .hand(let work): strike(work, window)
        case .engineRestart(let span), .reboot(let span): open(window, span)
        case .storeRefuses(let code, let span):
            storeRefusal = code
            open(window, span)
        case .storeRestored: replaceStore(with: backup?.backup())
        case .storeLost: replaceStore(with: MemoryStore(keepsRecords: true))
        case .storeCut(let lost): replaceStore(with: store.cut(losing: lost))
        case .storeOfYesterday: putBackYesterday()
        case .pruneImages: pruneImages()
        case .moveTag(let app): image(of: app).map(engine.moveTag)
        case .foreignImage(let app, let span):
            spoilImage(of: app, window)
            open(window, span)
        case .takeName(let app, let span):
            takeName(for: app, window)
            open(window, span)
        case .partition(let partition, let span):
            if partition == .instances { cutOffInstances(for: span) }
            open(window, span)
        case .descriptors(let side, let span):
            if side == .engine { engine.setStartProblem("too many open files") }
            open(window, span)
        case .gitContent(let content, let span):
            open(window, span)
            spoil(content, window)
        case .events(let trouble, let span):
            open(window, span)
            strike(trouble, window)
        case .edge(let trouble, let span):
            if trouble == .forgets { forgetEdge() }
            open(window, span)
        case .read(_, let span), .call(_, _, let span), .registry(_, let span), .diskFull(let span),
            .git(_, let span), .names(_, let span):
            open(window, span)
        }
    }

    private func open(_ window: Window, _ span: TimeSpan) {
        windows.append(window)
        switch window.occurrence.kind {
        case .engineRestart: loseEngine()
        case .reboot:
            loseEngine()
            if let present { kill(present) }
        default: break
        }
        after(span.nanoseconds) { [self] in close(window) }
    }

    /// Ends a fault; one that has ended stays so.
    func close(_ window: Window) {
        guard let place = windows.firstIndex(where: { $0 === window }) else { return }
        windows.remove(at: place)
        happen(.fault("\(window.occurrence.sentence) is over"))
        switch window.occurrence.kind {
        case .engineRestart, .reboot: returnEngine()
        case .storeRefuses: storeRefusal = nil
        case .gitContent(let content, _) where content != .burst:
            push(git.wanted, subject: "put right")
        case .foreignImage: if let image = window.object { engine.moveTag(image) }
        case .takeName: if let name = window.object { engine.removeByHand(name) }
        // The connection that was silent is found to be dead.
        case .partition(let partition, _) where partition == .engine || partition == .answers: breakFeeds()
        case .descriptors(.engine, _): engine.setStartProblem(nil)
        default: break
        }
        if case .reboot = window.occurrence.kind { restartLater() }
    }

    private func arm(_ point: CrashPoint, _ again: Int) {
        guard point != .now else {
            crashesAgain = again
            if let present { kill(present) }
            return
        }
        armedCrash = (point, again)
        // A controller with nothing to do crosses no point.
        after(60_000_000_000) { [self] in
            guard armedCrash != nil, !isCalm else { return }
            armedCrash = nil
            if let present { kill(present) }
        }
    }

    func replaceStore(with other: MemoryStore?) {
        guard let other else { return }
        // A store is only exchanged while nobody has it open.
        if let present { kill(present) }
        store = other
        readStore()
        truth.orphans = Set(
            truth.instances.filter { id, instance in
                instance.isOurs && truth.stored.owned[id] == nil
                    && !Strays.isAccountedFor(instance, in: truth)
            }.keys)
        happen(.fault("another store is in its place"))
    }

    private func strike(_ trouble: EventTrouble, _ window: Window) {
        switch trouble {
        case .broken: breakFeeds()
        case .burst:
            let ids = truth.instances.keys.sorted()
            guard !ids.isEmpty else { return }
            for round in 0..<1_100 { deliver(ids[round % ids.count], after: Int64(round)) }
        case .unknown:
            if let id = ContainerID("unknown") { deliver(id, after: 0) }
        case .drop, .duplicate, .delay: break
        }
    }

    // MARK: The host

    private func loseEngine() {
        guard !isEngineDown else { return }
        isEngineDown = true
        breakFeeds()
        for id in truth.instances.keys.sorted() {
            guard let instance = engine.instance(id) else { continue }
            switch instance.state {
            case .running, .paused, .restarting: break
            default: continue
            }
            lives[id]?.endsAt = nil
            engine.tamper(instance.name) { $0.state = .exited(code: 137, outOfMemory: false) }
            sync(id)
        }
    }

    /// The engine comes up, and starts what its restart policies say.
    private func returnEngine() {
        guard !windows.contains(where: { $0.occurrence.takesEngineAway }) else { return }
        isEngineDown = false
        for id in truth.instances.keys.sorted() {
            guard let instance = engine.instance(id), let life = lives[id],
                case .exited(let code, _) = instance.state
            else { continue }
            let comesUp =
                switch instance.effective.restart {
                // `always` holds even for what was stopped by hand, as the engine's manual has it.
                case .always: true
                case .unlessStopped: !life.wasStoppedByHand
                case .onFailure: code != 0 && !life.wasStoppedByHand
                case .never: false
                }
            if comesUp { startAgain(id, instance, byPolicy: false) }
        }
    }

    // MARK: Apps

    private func running(_ chance: inout Chance) -> ObservedInstance? {
        let candidates = truth.instances.filter { $0.value.isOurs && $0.value.observed.state == .running }
        return chance.pick(candidates.keys.sorted()).flatMap { engine.instance($0) }
    }

    private func strike(_ trouble: LifeTrouble, _ window: Window) {
        guard let instance = running(&window.chance) else { return }
        let id = instance.id
        switch trouble {
        case .exits(let code): die(id, code: code)
        case .outOfMemory: die(id, code: 137, outOfMemory: true)
        case .sick(let seconds): sicken(id, for: seconds)
        case .hangingProbe(let seconds):
            lives[id]?.hangsUntil = now + .seconds(Int64(seconds))
            live(id, "does not answer")
            sicken(id, for: seconds)
        }
    }

    // MARK: People at the engine

    private func strike(_ work: HandWork, _ window: Window) {
        let ours = truth.instances.filter(\.value.isOurs).keys.sorted()
        // A restart hurts most where something is being proven.
        let moving = work == .restart ? ours.filter(isBeingProven) : []
        guard let id = window.chance.pick(moving.isEmpty ? ours : moving), let instance = engine.instance(id)
        else { return }
        note("somebody \(work.rawValue) \(instance.name)")
        guard !isEngineDown else { return }
        switch work {
        case .remove: removeByHand(id)
        case .stop:
            _ = ending(id, grace: .seconds(10)) { () throws(EngineError) in
                try self.engine.stop(id, grace: .seconds(10))
            }
        case .kill: die(id, code: 137)
        case .pause:
            guard instance.state == .running else { return }
            tamper(instance) { $0.state = .paused }
        case .restart:
            // Down and up between two looks.
            _ = ending(id, grace: .zero) { () throws(EngineError) in
                try self.engine.restart(id, grace: .zero)
            }
        case .rename:
            let other = "\(instance.name)-old"
            guard !engine.instances.contains(where: { $0.name == other }) else { return }
            tamper(instance) { $0.name = other }
        case .limit: tamper(instance) { $0.effective.nanoCPUs = 250_000_000 }
        case .disconnect: tamper(instance) { $0.effective.networks = [] }
        case .copyLabels: plantStranger(instance)
        case .prune:
            for other in ours {
                guard case .exited = engine.instance(other)?.state else { continue }
                removeByHand(other)
            }
        }
    }

    private func isBeingProven(_ id: ContainerID) -> Bool {
        guard let labels = truth.instances[id]?.observed.labels,
            let rollout = truth.stored.apps[labels.app]?.rollout
        else { return false }
        return rollout.phase == .moving && rollout.target.number == labels.release
    }

    private func removeByHand(_ id: ContainerID) {
        _ = ending(id, grace: .zero) { () throws(EngineError) in
            try self.engine.remove(id, grace: .zero)
        }
    }

    private func tamper(_ instance: ObservedInstance, _ change: (inout ObservedInstance) -> Void) {
        engine.tamper(instance.name, change)
        sync(instance.id)
        live(instance.id, "was tampered with")
    }

    private func plantStranger(_ instance: ObservedInstance) {
        strangers += 1
        guard let id = ContainerID("stranger\(strangers)") else { return }
        var copy = instance
        copy.id = id
        copy.name = "stranger-\(strangers)"
        copy.startStamp = "+"
        copy.state = .running
        lives[id] = Life(temper: .good, hasPort: false, isOurs: false)
        let network = EngineSnapshot.OwnedNetwork(
            name: instance.effective.networks.first ?? "slipway-sim", project: instance.labels.project)
        engine.plant(copy, network: network)
        sync(id)
    }

    // MARK: The end of all faults

    /// Ends all faults, and lets everything go on that stands still.
    func becomeCalm() {
        for window in windows.reversed() { close(window) }
        armedCrash = nil
        crashesAgain = 0
        isCalm = true
        truth.isCalm = true
        for incarnation in incarnations { incarnation.isSuspended = false }
        if present == nil { startController() }
        happen(.calm)
    }
}
