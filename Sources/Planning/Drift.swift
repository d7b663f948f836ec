import Model

/// What was changed by hand on a running container, and how to put it back without a restart.
enum Drift {
    static func repairs(
        for instance: ObservedInstance, template: ContainerTemplate, expectedName: String?
    ) -> [Repair] {
        var repairs: [Repair] = []
        let effective = instance.effective
        if instance.state == .paused { repairs.append(.unpause) }
        if effective.nanoCPUs != template.nanoCPUs || effective.memoryInBytes != template.memoryInBytes
            || isPlanted(.repairsWhatIsWell)
        {
            repairs.append(.resources(nanoCPUs: template.nanoCPUs, memoryInBytes: template.memoryInBytes))
        }
        if effective.restart != template.restart { repairs.append(.restartPolicy(template.restart)) }
        if !effective.networks.contains(template.network) {
            repairs.append(.connect(network: template.network, aliases: template.aliases))
        }
        for network in effective.networks where network != template.network {
            repairs.append(.disconnect(network: network))
        }
        if let expectedName, instance.name != expectedName { repairs.append(.rename(to: expectedName)) }
        return repairs
    }
}
