import Access
import ControlAPI
import Controller
import DockerEngine
import EdgeProxy
import Execution
import GitSource
import Glibc
import HTTPClient
import HTTPServer
import Model
import Ports
import Probing
import SecretDelivery
import StateStore
import Telemetry
import TimeZones

/// Puts the parts together and runs them until a signal.
struct Daemon {
    let settings: DaemonSettings
    let logger: Logger

    func run(stoppingOn signals: AsyncStream<Int32>) async throws {
        guard let installation = InstallationName(settings.installation) else {
            throw SettingsError(
                "installation `\(settings.installation)`: a name of a–z, 0–9 and -, at most 40 characters")
        }
        let store = try await SQLiteStore(directory: settings.stateDirectory)
        let state = try await store.claim()
        for notice in await store.notices { logger.error("store", ["notice": notice]) }

        let client = HTTPClient()
        let secrets = try secrets(installation)
        let engine = DockerEngine(
            configuration: try docker(installation, secrets: secrets.courier?.mountableDirectory),
            client: client)
        let edge = edge()
        var configuration = ControllerConfiguration(
            installation: installation, naming: Naming(prefix: settings.namePrefix),
            brake: settings.brake,
            relistInterval: settings.relistInterval, repositories: try repositories(client),
            rehearse: Self.rehearse, projects: projects, secretKeyring: secrets.keyring,
            secretCourier: secrets.courier)
        configuration.channels = try channels()
        configuration.noticeLimit = settings.noticeLimit
        configuration.zones = SystemZones()
        let controller = Controller(
            configuration: configuration,
            engine: engine, edge: edge, store: store, prober: EngineProber(engine: engine, client: client),
            metricSource: settings.prometheus.map { PrometheusSource(url: $0, client: client) },
            clock: SystemClock(resuming: state.clock), logger: logger)
        let router = ControlRouter(surface: controller, access: try await access(store, client))
        let server = try HTTPServer.start(try listeners()) { await router.handle($0) }
        let webhooks = try webhooks(controller)
        logger.notice("ready", ["api.socket": settings.apiSocket, "state.dir": settings.stateDirectory])

        // Each task says whether its end is that of the daemon.
        await withTaskGroup(of: Bool.self) { group in
            if let edge {
                group.addTask {
                    await edge.run()
                    return false
                }
            }
            group.addTask {
                await controller.run(from: state)
                return true
            }
            group.addTask { [logger] in
                for await signal in signals {
                    logger.notice("stopping", ["signal": "\(signal)"])
                    break
                }
                return true
            }
            // A signal, or the controller has ended by itself.
            while let isEnd = await group.next(), !isEnd {}
            // Intake first, then the loop, then the memory.
            await webhooks?.stop(grace: .seconds(1))
            await server.stop(grace: .seconds(2))
            await controller.stop()
            group.cancelAll()
            await group.waitForAll()
        }
        await store.close()
        if let fence = await controller.fence { throw fence }
    }

    private func docker(
        _ installation: InstallationName, secrets: String?
    ) throws(SettingsError) -> DockerConfiguration {
        try checkHostPaths()
        var credentials: [String: RegistryCredential] = [:]
        for registry in settings.registries {
            let password = try Files.secret(registry.passwordFile)
            credentials[registry.host] = RegistryCredential(user: registry.username, secret: password)
        }
        let home = unsafe getenv("HOME").map { unsafe String(cString: $0) } ?? "/root"
        return DockerConfiguration(
            socketPath: settings.engineSocket, installation: installation, credentials: credentials,
            dockerConfigFile: "\(home)/.docker/config.json",
            dns: nameServers(), secretsDirectory: secrets, projects: projects,
            naming: Naming(prefix: settings.namePrefix))
    }

    /// No key of a project gives away the engine or this controller.
    private func checkHostPaths() throws(SettingsError) {
        let protected = [
            "/run", "/var/run", "/var/lib/docker", "/etc/slipway", settings.stateDirectory,
            settings.engineSocket,
            settings.apiSocket
        ]
        for (name, rules) in settings.projects.sorted(by: { $0.key < $1.key }) {
            for path in rules.hostPaths {
                guard let objection = path.objection(protected: protected) else { continue }
                throw SettingsError("projects: \(name) cannot have the host path \(path): it \(objection)")
            }
        }
    }

    private var projects: ProjectPolicy {
        ProjectPolicy(rules: settings.projects, defaultProject: ProjectName(settings.defaultProject))
    }

    private func listeners() throws(SettingsError) -> HTTPServerConfiguration {
        var tcp: HTTPServerConfiguration.TCPListener?
        if let listen = settings.apiListen {
            let colon = listen.lastIndex(of: ":")
            guard let colon, let port = Int(listen[listen.index(after: colon)...]),
                (0...65_535).contains(port)
            else {
                throw SettingsError("--listen \(listen): give HOST:PORT")
            }
            tcp = .init(host: String(listen[..<colon]), port: port)
        }
        try Files.makeParent(of: settings.apiSocket)
        return HTTPServerConfiguration(
            unix: .init(path: settings.apiSocket), tcp: tcp,
            bodyLimitInBytes: ControlRouter.bodyLimitInBytes)
    }

    private func repositories(_ client: HTTPClient) throws -> [WatchedRepository] {
        guard !settings.sources.isEmpty else {
            throw SettingsError(
                "there is no source: give --repo URL|PATH, or `sources` in the configuration file")
        }
        let pool = BlockingPool(name: "git", threads: 2)
        let helper = try Files.fetchHelper()
        // Sources of one repository share its mirror, and those of one branch its polls.
        var mirrors: [String: GitRepository] = [:]
        var watched: [String: WatchedRepository] = [:]
        var names: Set<String> = []
        for source in settings.sources {
            guard names.insert(source.name).inserted else {
                throw SettingsError("two sources are named \(source.name)")
            }
            guard let name = SourceName(source.name),
                let project = ProjectName(source.project ?? settings.defaultProject)
            else { throw SettingsError("source \(source.name): the name or project is not a–z, 0–9 and -") }
            let repository = try mirrors[source.repository] ?? mirror(source, helper, pool)
            mirrors[source.repository] = repository
            let key = "\(source.repository)\n\(source.branch)"
            var entry =
                watched[key]
                ?? WatchedRepository(
                    repository: repository, displayName: repository.address.text, branch: source.branch,
                    pollInterval: source.poll, sources: [])
            entry.pollInterval = min(entry.pollInterval, source.poll)
            entry.sources.append(
                WatchedSource(
                    name: name, path: source.path, project: project,
                    otherProjects: Set(source.otherProjects.compactMap(ProjectName.init)),
                    dealings: SourceDealings(
                        ledger: repository, isWritable: source.pushCredentials != nil,
                        writer: repository, proposals: repository, forge: forge(source, client),
                        onFailure: source.onFailure, requiresPlan: source.requiresPlan,
                        isVerified: source.verification != nil)))
            watched[key] = entry
        }
        return watched.sorted { $0.key < $1.key }.map(\.value)
    }

    /// By branch: all sources of one branch see the same commits, so they have to ask for the same signatures.
    private func policies(_ repository: String) throws(SettingsError) -> [String: SignaturePolicy] {
        var policies: [String: SignaturePolicy] = [:]
        let sources = settings.sources.filter { $0.repository == repository }
        for source in sources { policies[source.branch] = source.verification ?? policies[source.branch] }
        for source in sources where source.verification != policies[source.branch] {
            throw SettingsError(
                "source \(source.name): another source of \(source.branch) has another `verify`; give all of them the same"
            )
        }
        return policies
    }

    private func mirror(
        _ source: DaemonSettings.Source, _ helper: String, _ pool: BlockingPool
    ) throws(SettingsError) -> GitRepository {
        let policies = try policies(source.repository)
        do throws(SourceError) {
            return try GitRepository(
                configuration: GitRepositoryConfiguration(
                    url: source.repository, mirrorDirectory: "\(settings.stateDirectory)/mirrors",
                    fetchHelper: helper,
                    credentials: source.credentials,
                    pushCredentials: settings.sources.lazy.filter { $0.repository == source.repository }
                        .compactMap(\.pushCredentials).first,
                    limits: settings.repositoryLimits,
                    allowsLocal: source.allowsLocal,
                    certificateAuthorityFile: source.certificateAuthorityFile,
                    verification: policies),
                pool: pool)
        } catch {
            throw SettingsError("source \(source.name): \(error.message)")
        }
    }
}
