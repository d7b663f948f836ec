internal import Model
internal import Ports

/// Events of one incarnation's subscription.
struct EventFeed {
    let incarnation: Incarnation
    let continuation: AsyncThrowingStream<ContainerID, any Error>.Continuation
}

/// What the engine does when it is asked.
extension World {
    // MARK: Images

    private var registryTrouble: RegistryTrouble? {
        for window in windows {
            if case .registry(let trouble, _) = window.occurrence.kind { return trouble }
        }
        return nil
    }

    func pullTime(_ reference: String, known: ResolvedImage?) -> ClosedRange<Int> {
        let isThere = pulled.contains(known?.pinned ?? engine.pinned(reference))
        if known != nil, isThere { return 2...10 }
        if script != nil { return ScriptedTimes.pullTime(isThere: isThere) }
        if isCut(.registry) { return 60_000...60_000 }
        if registryTrouble == .slow { return 20_000...90_000 }
        return isThere ? 30...150 : 300...6_000
    }

    func pull(_ reference: String, known: ResolvedImage?) -> Effect<ResolvedImage> {
        let image = known?.pinned ?? engine.pinned(reference)
        let isThere = pulled.contains(image)
        if known == nil || !isThere, let error = registryError(reference) { return .failed(error) }
        if isDiskFull, !isThere { return .failed(Self.error(.diskFull, "no space left")) }
        if foreignImages.contains(image), !isThere {
            return .failed(Self.error(.invalid, "no matching manifest for linux/amd64"))
        }
        let effect = Effect { () throws(EngineError) in
            try engine.prepare(reference: reference, known: known)
        }
        if case .done = effect { pulled.insert(image) }
        return effect
    }

    func registryError(_ reference: String) -> EngineError? {
        if isUnresolved(.registry) { return Self.error(.registryUnavailable, "lookup: no such host") }
        if isCut(.registry) { return Self.error(.registryUnavailable, "dial tcp: i/o timeout") }
        if lacksDescriptors(.engine) { return Self.error(.registryUnavailable, "dial: too many open files") }
        switch registryTrouble {
        case .down: return Self.error(.registryUnavailable, "503 service unavailable")
        case .limited: return Self.error(.rateLimited, "429 too many requests")
        case .unauthorized: return Self.error(.unauthorized, "401 unauthorized")
        case .slow, nil: break
        }
        guard script == nil, ImageTemper(image: reference) == .tardy else { return nil }
        let age = namedAt[reference].map { now - $0 } ?? .zero
        return age < .seconds(40) ? Self.error(.notFound, "\(reference) is not in the registry") : nil
    }

    // MARK: Containers

    func launch(_ order: InstanceOrder) -> Effect<ContainerID> {
        if isDiskFull { return .failed(Self.error(.diskFull, "no space left")) }
        if let error = imageProblem(order.template.image) { return .failed(error) }
        let before = engine.instances.first { $0.name == order.name }?.id
        let effect = Effect { () throws(EngineError) in try engine.launchNow(order) }
        // What was made and never started is made anew, as another container.
        if let before, engine.instance(before) == nil { sync(before) }
        guard let instance = engine.instances.first(where: { $0.name == order.name }) else { return effect }
        for mount in order.template.mounts { truth.volumes.insert(mount.volume) }
        // Somebody else's container may have the name.
        if lives[instance.id] == nil {
            lives[instance.id] = Life(
                temper: script?.temper(order.labels) ?? ImageTemper(image: order.template.image),
                hasPort: order.template.env["PORT"] != nil, isOurs: true, madeAs: order.name)
        }
        sync(instance.id)
        return effect
    }

    func createJob(_ order: JobOrder) -> Effect<ContainerID> {
        if isDiskFull { return .failed(Self.error(.diskFull, "no space left")) }
        if let error = imageProblem(order.template.image) { return .failed(error) }
        let effect = Effect { () throws(EngineError) in try engine.createJob(order, secrets: nil) }
        guard let instance = engine.instances.first(where: { $0.name == order.name }) else { return effect }
        for mount in order.template.mounts { truth.volumes.insert(mount.volume) }
        if lives[instance.id] == nil {
            // The last word of its command says what becomes of it; in a rehearsal it does its work.
            let word = script == nil ? order.template.command?.last : nil
            let temper = word.flatMap(ImageTemper.init(rawValue:)) ?? .exit0
            lives[instance.id] = Life(temper: temper, hasPort: false, isOurs: true, madeAs: order.name)
        }
        sync(instance.id)
        return effect
    }

    func change(_ id: ContainerID, _ body: () throws(EngineError) -> Void) -> Effect<Void> {
        let effect = Effect { () throws(EngineError) in try body() }
        if case .done = effect { sync(id) }
        return effect
    }

    /// A call that ends the process first: done when that is gone.
    func ending(
        _ id: ContainerID, grace: TimeSpan, _ body: @escaping () throws(EngineError) -> Void
    ) -> Effect<Void> {
        guard engine.instance(id) != nil else { return Effect(body) }
        let endsAt = windDown(id, grace: grace) { [self] in
            _ = Effect(body)
            sync(id)
            guard engine.instance(id)?.state != .running else { return }
            lives[id]?.wasStoppedByHand = true
            live(id, engine.instance(id) == nil ? "is removed" : "is stopped")
        }
        return endsAt == now ? .done(()) : .by(endsAt, ())
    }

    // MARK: Reading

    /// A listing that takes long, because one container holds it up: what it began with.
    struct SlowReading {
        var delay: Int64
        var instances: [ContainerID: ObservedInstance]
        var chance: Chance
    }

    func slowReading() -> SlowReading? {
        for window in windows {
            guard case .read(.slow(let seconds), _) = window.occurrence.kind else { continue }
            let delay = window.chance.milliseconds(500, max(1, seconds) * 1_000)
            let instances = Dictionary(engine.instances.map { ($0.id, $0) }) { first, _ in first }
            return SlowReading(delay: delay, instances: instances, chance: window.chance)
        }
        return nil
    }

    /// All containers; where the reading was slow, each as it was at its beginning or at its end.
    func listing(_ early: SlowReading?) -> Result<EngineSnapshot, EngineError> {
        do throws(EngineError) {
            var snapshot = try engine.list()
            snapshot.instances.sort { $0.name < $1.name }
            if var early {
                let late = Dictionary(snapshot.instances.map { ($0.id, $0) }) { first, _ in first }
                let ids = Set(early.instances.keys).union(late.keys).sorted()
                snapshot.instances = ids.compactMap { id in
                    early.chance.happens(50) ? early.instances[id] : late[id]
                }
            }
            if let hanging = hangingContainer() {
                for instance in snapshot.instances where instance.id == hanging {
                    snapshot.unreadable.append(
                        .init(id: instance.id, name: instance.name, reason: "no answer within 10 s"))
                }
                snapshot.instances.removeAll { $0.id == hanging }
            }
            return .success(snapshot)
        } catch {
            return .failure(error)
        }
    }

    func inspection(_ id: ContainerID) -> Result<ObservedInstance?, EngineError> {
        if id == hangingContainer() {
            return .failure(Self.error(.timeout, "no answer within 10 s"))
        }
        return Result { () throws(EngineError) in try engine.inspect(id) }
    }

    private func hangingContainer() -> ContainerID? {
        for window in windows {
            guard case .read(.hangingContainer(let index), _) = window.occurrence.kind else { continue }
            let ids = truth.instances.filter(\.value.isOurs).keys.sorted()
            return ids.isEmpty ? nil : ids[index % ids.count]
        }
        return nil
    }

    func readTrouble<Value>() -> Result<Value, EngineError>? {
        for window in windows {
            guard case .read(.refused(let code), _) = window.occurrence.kind, window.chance.happens(50) else {
                continue
            }
            return .failure(Self.error(code, "the engine could not be read"))
        }
        return nil
    }

    // MARK: Events

    func subscribe(_ incarnation: Incarnation) -> AsyncThrowingStream<ContainerID, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: ContainerID.self, bufferingPolicy: .bufferingNewest(1_024))
        if isEngineDown || !incarnation.isAlive || silentReading() != nil {
            continuation.finish(throwing: Self.away)
        } else {
            feeds.removeAll { $0.incarnation === incarnation }
            feeds.append(EventFeed(incarnation: incarnation, continuation: continuation))
        }
        return stream
    }

    func breakFeeds(of incarnation: Incarnation? = nil) {
        let broken = feeds.filter { incarnation == nil || $0.incarnation === incarnation }
        feeds.removeAll { incarnation == nil || $0.incarnation === incarnation }
        for feed in broken { feed.continuation.finish(throwing: Self.away) }
    }

    /// Tells all subscribers that something happened to a container, as well as events tell anything.
    func notify(_ id: ContainerID) {
        guard !feeds.isEmpty, !isEngineSilent else { return }
        var copies = 1
        var longest = 12
        for window in windows {
            guard case .events(let trouble, _) = window.occurrence.kind else { continue }
            switch trouble {
            case .drop(let percent): if window.chance.happens(percent) { copies = 0 }
            case .duplicate(let percent): if window.chance.happens(percent) { copies *= 2 }
            case .delay(let milliseconds): longest = max(longest, milliseconds)
            case .broken, .burst, .unknown: break
            }
        }
        for _ in 0..<copies { deliver(id, after: deliveryChance.milliseconds(1, longest)) }
    }

    func deliver(_ id: ContainerID, after delay: Int64) {
        after(delay) { [self] in
            for feed in feeds { feed.continuation.yield(id) }
        }
    }
}
