internal import Model
internal import Ports

/// What happened, line by line, for people.
struct Story {
    private(set) var lines: [String] = []

    mutating func note(_ text: String, at now: Instant) {
        lines.append("\(SimulationTime.text(now)) \(text)")
    }

    mutating func add(_ happening: Happening, at now: Instant) {
        switch happening {
        case .call(let call, let stage): note(Self.call(call, stage), at: now)
        case .routed(let action, let stage): note("edge \(Self.words(stage)): \(Self.words(action))", at: now)
        case .stored(let batch, let incarnation, let error): add(batch, incarnation, error, at: now)
        case .pushed: break
        case .asked(let text): note("somebody asks: \(text)", at: now)
        case .fault(let text): note("! \(text)", at: now)
        case .life(_, let text): note("  \(text)", at: now)
        case .crashed(let incarnation): note("controller \(incarnation) is killed", at: now)
        case .started(let incarnation): note("controller \(incarnation) starts", at: now)
        case .tick: break
        case .calm: note("calm: all faults are over", at: now)
        case .ended: note("the end", at: now)
        }
    }

    private static func call(_ call: EngineCall, _ stage: CallStage) -> String {
        "#\(call.number) \(call.action.kind.rawValue) \(call.action.object) \(words(stage))"
    }

    private static func words(_ action: Action) -> String {
        guard case .route(let route) = action else { return action.object }
        let targets = route.targets.map { $0.name + ($0.isDraining ? " draining" : "") }
        let shares = (route.split ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key) \($0.value) %" }
        return "\(action.object) to \((targets + shares).joined(separator: ", "))"
    }

    private static func words(_ stage: CallStage) -> String {
        switch stage {
        case .began: "begins"
        case .acted: "has acted"
        case .answered(let error): error.map { "is answered: \($0)" } ?? "is answered"
        }
    }

    private mutating func add(
        _ batch: StoreBatch, _ incarnation: Int, _ error: StoreError?, at now: Instant
    ) {
        if let error {
            note("controller \(incarnation) cannot write: \(error.message)", at: now)
            return
        }
        for event in batch.events {
            let object = [event.app?.rawValue, event.release?.description].compactMap { $0 }
            let about = object.isEmpty ? "" : object.joined(separator: " ") + ": "
            note("* \(event.kind.rawValue) \(about)\(event.message)", at: now)
        }
        for intent in batch.intents { note("  intends \(intent.action.rawValue) \(intent.object)", at: now) }
    }
}

/// A number that differs where two runs differ.
enum Fingerprint {
    static func add(_ happening: Happening, at now: Instant, to before: UInt64) -> UInt64 {
        mix(mix(before, UInt64(bitPattern: now.nanoseconds)), code(of: happening))
    }

    private static func mix(_ state: UInt64, _ value: UInt64) -> UInt64 {
        (state ^ value) &* 0x9e37_79b9_7f4a_7c15 ^ (state >> 29)
    }

    private static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }

    private static func code(of happening: Happening) -> UInt64 {
        switch happening {
        case .call(let call, .began): hash(call.action.object) &+ 1
        case .call(let call, .acted): UInt64(call.number) &* 3 &+ 2
        case .call(let call, .answered(let error)): UInt64(call.number) &* 5 &+ (error == nil ? 3 : 4)
        case .routed(let action, _): hash(action.object) &+ 5
        case .stored(let batch, let incarnation, _):
            UInt64(batch.events.count) &* 31 &+ UInt64(batch.intents.count) &* 7 &+ UInt64(incarnation)
        case .pushed(let commit): hash(commit.rawValue)
        case .asked(let text), .fault(let text), .life(_, let text): hash(text)
        case .crashed(let incarnation): UInt64(incarnation) &+ 100
        case .started(let incarnation): UInt64(incarnation) &+ 200
        case .tick: 300
        case .calm: 301
        case .ended: 302
        }
    }
}
