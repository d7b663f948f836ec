internal import Model
internal import Ports

/// What becomes of images and names behind the controller's back.
extension World {
    private func wanted(_ index: Int) -> AppSpec? {
        let apps = truth.wanted.keys.sorted()
        return apps.isEmpty ? nil : truth.wanted[apps[index % apps.count]]
    }

    /// The image that git wants for one of the apps.
    func image(of index: Int) -> String? { wanted(index)?.image }

    /// As `docker image prune --all` does.
    func pruneImages() {
        guard !isEngineDown else { return }
        for image in engine.pruneImages() {
            note("\(image.prefix { $0 != "@" }) is removed from the host")
            pulled.remove(image)
        }
    }

    /// Somebody publishes an image that was built on another kind of machine.
    func spoilImage(of index: Int, _ window: Window) {
        guard let image = image(of: index) else { return }
        note("\(image) is of another kind of machine")
        engine.moveTag(image)
        foreignImages.insert(engine.pinned(image))
        window.object = image
    }

    /// Somebody's container takes the name that the next instance of an app is to have.
    func takeName(for index: Int, _ window: Window) {
        guard let spec = wanted(index),
            let process = spec.processes.first(where: { $0.effectiveReplicas > 0 }),
            let sample = truth.instances.min(by: { $0.key < $1.key })?.value.observed,
            let id = ContainerID("stranger\(strangers + 1)"), !isEngineDown
        else { return }
        let release = truth.stored.apps[spec.name]?.nextRelease ?? .first
        let name = Naming(prefix: "").container(
            app: spec.name, process: process.name, release: release, index: 1)
        guard !engine.isNameTaken(name) else { return }
        strangers += 1
        note("a stranger is called \(name)")
        var stranger = sample
        stranger.id = id
        stranger.state = .running
        engine.plantStranger(name, like: stranger)
        window.object = name
    }

    // MARK: Bringing back

    /// An image that was removed after it had been prepared is pulled again for the launch that needs it.
    func imageProblem(_ image: String) -> EngineError? {
        guard script == nil, !engine.hasImage(image) else { return nil }
        let reference = String(image.prefix { $0 != "@" })
        if let error = registryError(reference) { return error }
        pulled.insert(image)
        return nil
    }
}
