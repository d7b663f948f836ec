internal import Model
internal import Ports

/// All that a seed has in store, drawn before the run.
struct SeedPlan: Sendable {
    var hasEdge: Bool
    /// The folders that are read, each a source of its own; the empty one is the whole repository.
    var folders = [""]
    /// The branch at the beginning.
    var first: CommitPlan
    /// In the order of their times.
    var occurrences: [Occurrence]

    /// Nothing in store: a script says what happens.
    init(hasEdge: Bool, folder: String) {
        self.hasEdge = hasEdge
        folders = [folder]
        first = CommitPlan(files: [:], subject: "")
        occurrences = []
    }

    init(_ options: SimulationOptions) {
        if let scenario = options.scenario {
            hasEdge = scenario.hasEdge
            folders = scenario.folders
            first = CommitPlan(files: AppText.files(scenario.first), subject: "first")
            occurrences = []
            return
        }
        var swarm = Chance(seed: options.seed, concern: "swarm")
        let drawn = swarm.happens(50)
        hasEdge = SpecFeatures.present.domains && (options.hasEdge ?? drawn)
        let end = Instant.zero + options.safetyPhase
        var workload = Workload(options, hasEdge: hasEdge)
        first = workload.first()
        var all: [Occurrence] = []
        for fault in FaultClass.allCases {
            // Some seeds have many kinds of faults and some have few: both find what the other does not.
            let isActive = swarm.happens(fault.isCommon ? 55 : 30)
            let gap = (swarm.pick([90, 180, 300]) ?? 180) * (fault.isCommon ? 1 : 2)
            guard isActive, fault != .edge || hasEdge else { continue }
            var drawing = FaultDrawing(fault, seed: options.seed, gap: gap)
            all += drawing.occurrences(until: end)
        }
        all += workload.occurrences(until: end)
        occurrences = all.filter { occurrence in
            if let only = options.only, !only.contains(occurrence.id) { return false }
            return occurrence.fault.map(options.faults.contains) ?? true
        }
        .sorted { ($0.at, $0.id) < ($1.at, $1.id) }
    }
}

/// Draws the occurrences of one class of faults.
private struct FaultDrawing {
    let fault: FaultClass
    let gap: Int
    var chance: Chance

    init(_ fault: FaultClass, seed: UInt64, gap: Int) {
        self.fault = fault
        self.gap = gap
        chance = Chance(seed: seed, concern: "fault \(fault.rawValue)")
    }

    mutating func occurrences(until end: Instant) -> [Occurrence] {
        var found: [Occurrence] = []
        var at = Instant(nanoseconds: chance.milliseconds(2_000, gap * 1_000))
        while at < end {
            found.append(
                Occurrence(id: "\(fault.rawValue)\(found.count + 1)", fault: fault, at: at, kind: kind()))
            let next = chance.milliseconds(gap * 300, gap * 1_700)
            at = Instant(nanoseconds: at.nanoseconds + next)
        }
        return found
    }

    private mutating func seconds(_ low: Int, _ high: Int) -> TimeSpan {
        .seconds(Int64(chance.between(low, high)))
    }

    private mutating func kind() -> Occurrence.Kind {
        switch fault {
        case .crash: crash()
        case .event: event()
        case .read: read()
        case .call: call()
        case .image: .registry(chance.pick(RegistryTrouble.allCases) ?? .down, seconds(10, 240))
        case .app: life()
        case .host: host()
        case .store: store()
        case .git: git()
        case .edge: .edge(chance.pick(EdgeTrouble.allCases) ?? .lost, seconds(5, 90))
        case .actor: .suspend(seconds(5, 400), hasSecond: chance.happens(60))
        case .prune: .pruneImages
        case .tag: .moveTag(app: chance.below(1_000))
        case .architecture: .foreignImage(app: chance.below(1_000), seconds(20, 200))
        case .stranger: .takeName(app: chance.below(1_000), seconds(10, 200))
        case .dns: .names(chance.pick(NameTrouble.allCases) ?? .both, seconds(10, 240))
        case .partition: .partition(chance.pick(Partition.allCases) ?? .engine, seconds(5, 150))
        case .descriptors: .descriptors(chance.pick(Descriptors.allCases) ?? .controller, seconds(5, 150))
        case .cut: .storeCut(lost: chance.happens(75) ? chance.between(1, 10) : chance.between(11, 400))
        case .backup: .storeOfYesterday
        }
    }

    private mutating func crash() -> Occurrence.Kind {
        if chance.happens(15) { return .terminate }
        let point = chance.pick(CrashPoint.allCases) ?? .now
        let again = chance.mostly(0, 75, or: [1, 2, 5])
        return .crash(point, again: again)
    }

    private mutating func event() -> Occurrence.Kind {
        let span = seconds(20, 400)
        switch chance.below(7) {
        case 0: return .events(.drop(percent: 100), span)
        case 1: return .events(.drop(percent: chance.between(5, 95)), span)
        case 2: return .events(.duplicate(percent: chance.between(5, 100)), span)
        case 3: return .events(.delay(milliseconds: chance.between(500, 20_000)), span)
        case 4: return .events(.broken, .seconds(1))
        case 5: return .events(.burst, .seconds(1))
        default: return .events(.unknown, .seconds(1))
        }
    }

    private mutating func read() -> Occurrence.Kind {
        let span = seconds(10, 200)
        switch chance.below(4) {
        case 0, 1: return .read(.slow(seconds: chance.between(1, 60)), span)
        case 2: return .read(.hangingContainer(chance.below(1_000)), span)
        default:
            return .read(.refused(chance.pick([.internal, .timeout, .protocolViolation]) ?? .internal), span)
        }
    }

    private mutating func call() -> Occurrence.Kind {
        let trouble = chance.pick(CallTrouble.allCases) ?? .serverError
        return .call(trouble, percent: chance.pick([10, 30, 60, 100]) ?? 30, seconds(5, 150))
    }

    private mutating func life() -> Occurrence.Kind {
        switch chance.below(5) {
        case 0: .life(.exits(code: 1))
        case 1: .life(.exits(code: 0))
        case 2: .life(.outOfMemory)
        case 3: .life(.sick(seconds: chance.between(3, 150)))
        default: .life(.hangingProbe(seconds: chance.between(5, 120)))
        }
    }

    private mutating func host() -> Occurrence.Kind {
        switch chance.below(10) {
        case 0: return .engineRestart(seconds(3, 120))
        case 1: return .reboot(seconds(20, 120))
        case 2: return .diskFull(seconds(10, 200))
        case 3:
            let year: Int64 = 31_536_000
            return .wallClock(seconds: chance.happens(50) ? year : -year)
        default: return .hand(chance.pick(HandWork.allCases) ?? .kill)
        }
    }

    private mutating func store() -> Occurrence.Kind {
        switch chance.below(6) {
        case 0: return .storeRestored
        case 1: return .storeLost
        default:
            let code = chance.pick([StoreError.Code.diskFull, .io, .locked, .readOnly]) ?? .io
            return .storeRefuses(code, seconds(3, 120))
        }
    }

    private mutating func git() -> Occurrence.Kind {
        if chance.happens(45) {
            return .gitContent(chance.pick(GitContent.allCases) ?? .broken, seconds(15, 200))
        }
        let codes: [SourceError.Code] = [
            .unreachable, .timeout, .unauthorized, .certificate, .branchGone, .internal
        ]
        return .git(chance.pick(codes) ?? .unreachable, seconds(10, 500))
    }
}
