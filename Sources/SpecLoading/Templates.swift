public import Model

/// What the containers of an app are made of.
public enum Templates {
    /// One template for each process, with its digest. The same spec and image always give the same digests, and
    /// neither the release's number nor its commit is part of them, so an untouched process keeps its instances.
    public static func templates(
        for spec: AppSpec, image: ResolvedImage, naming: Naming
    ) -> [ProcessName: Release.Template] {
        var templates: [ProcessName: Release.Template] = [:]
        for process in spec.processes {
            let container = container(of: process, in: spec, image: image, naming: naming)
            templates[process.name] = Release.Template(
                digest: CanonicalDigest.of(container), container: container)
        }
        return templates
    }

    private static func container(
        of process: ProcessSpec, in spec: AppSpec, image: ResolvedImage, naming: Naming
    ) -> ContainerTemplate {
        var env = spec.env
        env["SLIPWAY_APP"] = spec.name.rawValue
        env["SLIPWAY_PROCESS"] = process.name.rawValue
        if let port = process.port, env["PORT"] == nil { env["PORT"] = "\(port)" }
        let own = "\(spec.name)-\(process.name)"
        return ContainerTemplate(
            image: isPlanted(.tagDeployed) ? image.reference : image.pinned, command: process.command,
            env: env, files: spec.files,
            mounts: process.volumes.map {
                .init(
                    volume: naming.volume(app: spec.name, volume: $0.volume), target: $0.target,
                    isReadOnly: $0.isReadOnly)
            },
            nanoCPUs: process.resources?.nanoCPUs, memoryInBytes: process.resources?.memoryInBytes,
            restart: process.effectiveRestart, stopGrace: process.effectiveStopGrace,
            network: naming.network(spec.project),
            aliases: process.name.rawValue == "web" ? [spec.name.rawValue, own] : [own],
            secrets: spec.secrets, hostAccess: process.hostAccess)
    }
}
