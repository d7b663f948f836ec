import Model
import Ports
import Testing

/// Plays calls on one engine and writes down what can be seen of them, in words that are the same on every engine.
actor Stage {
    let subject: any Subject
    private(set) var transcript: [String] = []
    private var letters: [ContainerID: String] = [:]
    private var stamps: [ContainerID: String] = [:]
    private var events: EventLog?

    init(_ subject: any Subject) { self.subject = subject }

    var engine: any Engine { subject.engine }
    func name(_ short: String) -> String { "\(subject.prefix)-\(short)" }
    static func markerName(_ prefix: String) -> String { "\(prefix)-marker" }

    func note(_ line: String) { transcript.append(line) }

    /// `c1`, `c2`, … in the order of their first appearance.
    func letter(_ id: ContainerID) -> String {
        if let known = letters[id] { return known }
        let letter = "c\(letters.count + 1)"
        letters[id] = letter
        return letter
    }

    private func plain(_ name: String) -> String {
        name.hasPrefix(subject.prefix + "-") ? String(name.dropFirst(subject.prefix.count + 1)) : name
    }

    // MARK: Orders

    static let project = "retail"
    var network: String { name("slipway-\(Self.project)") }

    func order(
        _ short: String = "web", _ program: Program = .idle, template: String = "a", app: String = "shop",
        restart: RestartPolicy = .never, memory: Int64? = nil, network: String? = nil
    ) throws -> InstanceOrder {
        let (image, command) = subject.content(of: program)
        let container = ContainerTemplate(
            image: image, command: command, env: [:], files: [], mounts: [], nanoCPUs: nil,
            memoryInBytes: memory,
            restart: restart, stopGrace: .seconds(5), network: network ?? self.network, aliases: [app])
        let labels = InstanceLabels(
            installation: subject.installation, project: try #require(ProjectName(Self.project)),
            app: try #require(AppName(app)), process: try #require(ProcessName("web")),
            release: try #require(ReleaseNumber(1)), spec: try #require(Self.digest("b")),
            template: try #require(Self.digest(template)), source: try #require(SourceName("main")),
            path: "\(app).yaml", commit: try #require(CommitID(String(repeating: "c", count: 40))))
        return InstanceOrder(name: name(short), labels: labels, template: container)
    }

    private static func digest(_ digit: String) -> ContentDigest? {
        ContentDigest("sha256:" + String(repeating: digit, count: 64))
    }

    // MARK: Calls

    @discardableResult
    func launch(_ order: InstanceOrder) async -> ContainerID? {
        do throws(EngineError) {
            let id = try await engine.launch(order)
            let isKnown = letters[id] != nil
            note("launch \(plain(order.name)): \(isKnown ? "the same" : "new") \(letter(id))")
            return id
        } catch {
            note("launch \(plain(order.name)): \(words(error))")
            return nil
        }
    }

    /// A new container, which the scenario cannot go on without.
    func launched(
        _ short: String = "web", _ program: Program = .idle, restart: RestartPolicy = .never,
        memory: Int64? = nil
    ) async throws -> ContainerID {
        let id = await launch(try order(short, program, restart: restart, memory: memory))
        return try #require(id)
    }

    func launched(_ order: InstanceOrder) async throws -> ContainerID {
        let id = await launch(order)
        return try #require(id)
    }

    /// The container of that name in the engine's own list, as after a launch that failed.
    func find(_ short: String) async throws -> ContainerID {
        let wanted = name(short)
        let found = try await engine.list().instances.first { $0.name == wanted }
        return try #require(found, "no container \(short)").id
    }

    func start(_ id: ContainerID) async {
        await result("start", id) { engine throws(EngineError) in try await engine.start(id) }
    }
    func stop(_ id: ContainerID, grace: TimeSpan = .seconds(5)) async {
        await settle(id)
        await result("stop", id) { engine throws(EngineError) in try await engine.stop(id, grace: grace) }
    }
    func restart(_ id: ContainerID, grace: TimeSpan = .seconds(5)) async {
        await settle(id)
        await result("restart", id) { engine throws(EngineError) in try await engine.restart(id, grace: grace)
        }
    }
    func remove(_ id: ContainerID, grace: TimeSpan = .seconds(5)) async {
        await result("remove", id) { engine throws(EngineError) in try await engine.remove(id, grace: grace) }
    }
    func repair(_ what: String, _ id: ContainerID, _ repairs: [Repair]) async {
        await result("repair \(what) of", id) { engine throws(EngineError) in
            try await engine.repair(id, repairs)
        }
    }
    func result(
        _ what: String, _ id: ContainerID, _ call: (any Engine) async throws(EngineError) -> Void
    ) async {
        do throws(EngineError) {
            try await call(engine)
            note("\(what) \(letter(id)): done")
        } catch {
            note("\(what) \(letter(id)): \(words(error))")
        }
    }

    func removeNetwork() async {
        do throws(EngineError) {
            try await engine.removeNetwork(network)
            note("remove network: done")
        } catch {
            note("remove network: \(words(error))")
        }
    }

    func prepare(_ kind: ImageKind) async throws {
        let reference = try await subject.reference(to: kind)
        do throws(EngineError) {
            let image = try await engine.prepare(reference: reference, known: nil)
            let again = try await engine.prepare(reference: reference, known: image)
            note(
                "prepare \(kind): \(image.reference == reference ? "as asked" : "another reference")"
                    + ", \(image.pinned.hasSuffix("@\(image.digest)") ? "pinned" : "not pinned")"
                    + ", \(image.isFromRegistry ? "from the registry" : "local")"
                    + ", \(again == image ? "the same again" : "another one again")")
        } catch {
            note("prepare \(kind): \(words(error))")
        }
    }

    /// An image of its own for the scenario, on the host.
    func ownImage(_ short: String) async throws -> ResolvedImage {
        try await engine.prepare(reference: try await subject.makeImage(short), known: nil)
    }

    func prepareAgain(_ image: ResolvedImage) async {
        do throws(EngineError) {
            let again = try await engine.prepare(reference: image.reference, known: image)
            note("prepare what is known: \(again == image ? "the same" : "another one")")
        } catch {
            note("prepare what is known: \(words(error))")
        }
    }

    func execute(
        _ what: String, _ command: [String], in id: ContainerID, timeout: TimeSpan = .seconds(20)
    ) async {
        do throws(EngineError) {
            let result = try await engine.execute(command, in: id, timeout: timeout)
            note(
                "execute \(what) in \(letter(id)): code \(result.exitCode), output \(result.output.debugDescription)"
            )
        } catch {
            note("execute \(what) in \(letter(id)): \(words(error))")
        }
    }

    func logTail(_ id: ContainerID, lines: Int) async {
        do throws(EngineError) {
            // The two streams of a container have no order between them.
            let found = try await engine.logTail(id, lines: lines).map {
                "\($0.isError ? "err" : "out"): \($0.text)"
            }
            note("log of \(letter(id)): \(found.sorted())")
        } catch {
            note("log of \(letter(id)): \(words(error))")
        }
    }

    func words(_ error: EngineError) -> String { "refused as \(error.code.rawValue)" }

    // MARK: What can be seen

    func look(_ id: ContainerID) async {
        do throws(EngineError) {
            guard let instance = try await engine.inspect(id) else {
                note("\(letter(id)) is gone")
                return
            }
            note(describe(instance))
        } catch {
            note("\(letter(id)) cannot be seen: \(words(error))")
        }
    }

    private func describe(_ instance: ObservedInstance) -> String {
        let before = stamps.updateValue(instance.startStamp, forKey: instance.id)
        let stamp = before.map { $0 == instance.startStamp ? "same stamp" : "another stamp" } ?? "first look"
        let effective = instance.effective
        let networks = effective.networks.map(plain).joined(separator: "+")
        return "\(letter(instance.id)) \(plain(instance.name)) is \(Self.words(instance.state)), \(stamp)"
            + ", restarts \(instance.restartCount), \(instance.address == nil ? "no address" : "address")"
            + ", networks [\(networks)], \(effective.restart.rawValue), memory \(effective.memoryInBytes ?? 0)"
            + ", labels of \(instance.labels.app)/\(instance.labels.template.short.prefix(1))"
    }

    static func words(_ state: ContainerState) -> String {
        switch state {
        case .created(let error): error == nil ? "created" : "created with an error"
        case .running: "running"
        case .paused: "paused"
        case .restarting(let code, let outOfMemory): "restarting(\(code)\(outOfMemory ? ", OOM" : ""))"
        case .exited(let code, let outOfMemory): "exited(\(code)\(outOfMemory ? ", OOM" : ""))"
        case .removing: "removing"
        case .dead: "dead"
        }
    }

    /// Waits until the container is as `condition` says, and writes that down; the engine takes its time.
    func wait(
        _ id: ContainerID, until what: String, _ condition: @Sendable (ObservedInstance) -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let seen = try await engine.inspect(id)
            if let seen, condition(seen) { break }
            try #require(
                ContinuousClock.now < deadline,
                "\(letter(id)) is never \(what) on \(type(of: subject)): \(String(describing: seen))")
            try await Task.sleep(for: .milliseconds(20))
        }
        note("\(letter(id)) is in the end \(what)")
    }
    func waitForExit(_ id: ContainerID) async throws {
        try await wait(id, until: "exited") { if case .exited = $0.state { true } else { false } }
    }

    func list() async {
        do throws(EngineError) {
            let snapshot = try await engine.list()
            let marker = Self.markerName(subject.prefix)
            let names = snapshot.instances.map(\.name)
            note(
                "list: "
                    + snapshot.instances.map { "\(plain($0.name)) \(Self.words($0.state))" }.joined(
                        separator: ", ")
                    + "; \(names == names.sorted() ? "sorted" : "not sorted")"
                    + "; unreadable \(snapshot.unreadable.map(\.name).filter { $0 != marker }.map(plain))"
                    + "; networks \(snapshot.networks.map { "\(plain($0.name)) of \($0.project)" })")
        } catch {
            note("list: \(words(error))")
        }
    }

    // MARK: Events

    /// Opens the stream of events; returns when it is known to be open.
    func openEvents() async throws {
        let marker = try await subject.makeMarker()
        events = EventLog(engine.events(), marker: marker)
        try await fence()
        _ = await events?.take()
    }

    /// Whom the engine has announced since the last time, in the order of the first announcement of each.
    func announced() async throws {
        try await fence()
        let ids = await events?.take() ?? []
        note("announced: \(ids.map(letter))")
    }

    /// Returns when everything that happened before has been delivered.
    private func fence() async throws {
        guard let events else { return }
        // Twice: the engine may tell of an exit a moment after it is to be seen.
        for _ in 1...2 {
            let seen = await events.markersSeen
            let deadline = ContinuousClock.now + .seconds(10)
            repeat {
                try #require(ContinuousClock.now < deadline, "the stream of events is silent")
                try await subject.touchMarker()
                try await Task.sleep(for: .milliseconds(5))
            } while await events.markersSeen == seen
        }
    }

    /// Waits for the end of the stream, and notes its error.
    func eventsEnd() async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            if let end = await events?.end {
                note("the events have ended: \(words(end))")
                break
            }
            try #require(ContinuousClock.now < deadline, "the stream of events goes on")
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func leave() async {
        await events?.close()
        await subject.cleanUp()
    }
}
