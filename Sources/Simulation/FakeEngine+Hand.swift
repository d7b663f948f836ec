public import Model
internal import Ports
internal import Synchronization

/// What happens to containers without a call of the controller: by people, by processes that end, by the host.
extension FakeEngine {
    /// Puts a container there as it is, as if an earlier controller had made it.
    public func plant(_ instance: ObservedInstance, network: EngineSnapshot.OwnedNetwork) {
        publishing { state in
            let address = instance.address ?? FakeEngineState.address(state.newContainerNumber())
            state.networks.insert(network)
            state.images.insert(instance.image)
            state.put(FakeContainer(instance: instance, address: address))
            state.touched = []
        }
    }

    /// Changes a container behind the controller's back.
    public func tamper(_ name: String, _ change: (inout ObservedInstance) -> Void) {
        publishing { state in
            guard var container = state.container(named: name) else { return }
            change(&container.instance)
            state.put(container)
        }
    }

    /// The process of a container ends by itself. The restart policy decides what follows: the container has ended,
    /// or waits for `finishRestart`, as a real one does for 100 ms the first time and twice as long each time after.
    ///
    /// - Returns: whether it waits for its restart.
    @discardableResult
    public func die(_ name: String, code: Int, outOfMemory: Bool = false) -> Bool {
        publishing { state in
            guard let container = state.container(named: name), container.isInUse else { return false }
            state.end(container, code: code, outOfMemory: outOfMemory)
            if case .restarting = state.container(named: name)?.instance.state { return true }
            return false
        }
    }

    /// The pause before a restart is over: a container that waits for it is started. One that does not is left alone.
    public func finishRestart(_ name: String) {
        publishing { state in
            guard let container = state.container(named: name),
                case .restarting(let code, let outOfMemory) = container.instance.state
            else { return }
            var waiting = container
            // A start that is refused ends the attempts.
            waiting.instance.state = .exited(code: code, outOfMemory: outOfMemory)
            do throws(EngineError) {
                try state.start(waiting, isAsked: false)
            } catch {
                state.put(waiting)
            }
        }
    }

    /// Somebody stops a container at the engine's own command line.
    public func stopByHand(_ name: String) {
        publishing { state in
            if let container = state.container(named: name) { state.stop(container) }
        }
    }

    /// Somebody removes a container by force.
    public func removeByHand(_ name: String) {
        publishing { state in
            if let id = state.container(named: name)?.instance.id { state.remove(id) }
        }
    }

    /// How an engine goes away and comes back.
    public enum Outage: Sendable, CaseIterable {
        /// Told to stop, as for an upgrade: it stops its containers first.
        case restart
        /// Killed alone: the containers that go on without it are stopped when it is back.
        case crash
        /// Everything ends at once.
        case powerCut
    }

    /// The engine goes away and is back: streams of events end, and each container is as its restart policy leaves
    /// it. Live restore is off.
    ///
    /// Docker 20.10 has three surprises here, and so has this: a restart policy of `on-failure` starts even what was
    /// stopped by hand, if it ended with another code than 0; a crash counts as a stop by hand for
    /// `unless-stopped`; and what waited for its restart under `on-failure` is lost by a crash, with code 0.
    public func goThrough(_ outage: Outage) {
        let subscribers = publishing { state in
            for container in state.containers.values.sorted(by: { $0.instance.name < $1.instance.name }) {
                state.goThrough(outage, container)
            }
            state.touched = []
            return state.takeSubscribers()
        }
        for subscriber in subscribers { subscriber.finish(throwing: Self.gone) }
    }

    /// Puts a running container there that is none of the installation's.
    ///
    /// - Parameter copiesLabel: it carries the installation's label, and no other of ours.
    public func plantStranger(_ name: String, like instance: ObservedInstance, copiesLabel: Bool = false) {
        publishing { state in
            var stranger = instance
            stranger.name = name
            state.put(
                FakeContainer(
                    instance: stranger, owner: copiesLabel ? .copiedLabel : .stranger,
                    address: FakeEngineState.address(state.newContainerNumber())))
        }
    }

    /// Somebody removes all images that no container is of. What needs one later pulls it again.
    ///
    /// - Returns: what was removed.
    @discardableResult
    public func pruneImages() -> [String] { state.withLock { $0.pruneImages() } }
    func hasImage(_ image: String) -> Bool { state.withLock { $0.images.contains(image) } }

    /// Somebody pushes another image under the same tag.
    public func moveTag(_ reference: String) { state.withLock { $0.pushes[reference, default: 0] += 1 } }
    /// The reference with the digest that it names now.
    func pinned(_ reference: String) -> String { state.withLock { $0.pinned(reference) } }

    /// From now on containers can be made and not started, as on a host that lacks something; `nil`: they can.
    public func setStartProblem(_ problem: String?) { state.withLock { $0.startProblem = problem } }

    func isNameTaken(_ name: String) -> Bool { state.withLock { $0.container(named: name) != nil } }

    /// Puts a network there that is none of the installation's.
    public func plantForeignNetwork(_ name: String) { state.withLock { _ = $0.foreignNetworks.insert(name) } }

    /// Whether there is such a container, whoever it belongs to.
    public func hasContainer(_ id: ContainerID) -> Bool { state.withLock { $0.containers[id] != nil } }
}
