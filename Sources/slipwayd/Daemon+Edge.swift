import Certificates
import EdgeProxy
import Model
import NameServer
import Ports
import Telemetry

/// The reverse proxy with what stands beside it: certificates, and a name server for containers.
struct DaemonEdge: Edge {
    let proxy: HAProxyEdge
    let names: DNSMasq?
    let certificates: CertificateKeeper?

    func observe() async throws(EdgeError) -> [RouteKey: ObservedRoute] { try await proxy.observe() }
    func apply(_ route: Route) async throws(EdgeError) { try await proxy.apply(route) }
    func remove(_ key: RouteKey) async throws(EdgeError) { try await proxy.remove(key) }

    func report() async -> EdgeReport {
        var report = await proxy.report()
        if let problem = await names?.problem { report.problems.append(.init(message: problem)) }
        for problem in await certificates?.ownProblems() ?? [] {
            report.problems.append(.init(message: problem))
        }
        return report
    }

    /// Until it is cancelled; proxy and name server go on then.
    func run() async {
        await withTaskGroup { group in
            group.addTask { await proxy.run() }
            if let names { group.addTask { await names.run() } }
            await group.waitForAll()
        }
    }
}

extension Daemon {
    /// The edge as the settings say; `nil`: there is none.
    func edge() -> DaemonEdge? {
        guard let edge = settings.edge else { return nil }
        let directory = edge.directory ?? "\(settings.stateDirectory)/edge"
        let configuration = EdgeConfiguration(
            directory: directory, program: edge.program, httpAddresses: edge.http,
            httpsAddresses: edge.https, internalAddress: edge.internalAddress,
            internalSuffix: edge.internalSuffix, challengeAddress: edge.acme?.challengeAddress,
            supervision: edge.isExternal ? .external : .own, accessLogDirectory: edge.accessLog,
            logSample: edge.logSample)
        let certificates = certificates(edge)
        let proxy = HAProxyEdge(configuration: configuration, certificates: certificates, log: log("edge"))
        let names = edge.internalHost.map { host in
            DNSMasq(
                configuration: NameServerConfiguration(
                    directory: "\(settings.stateDirectory)/names", address: host, suffix: edge.internalSuffix),
                log: log("names"))
        }
        return DaemonEdge(proxy: proxy, names: names, certificates: certificates)
    }

    /// Whom new containers ask for names: ours first, and where it does not answer those of the machine.
    func nameServers() -> [String] {
        guard let own = settings.edge?.internalHost else { return [] }
        // A machine without the file has no other name servers.
        let text = (try? Files.read("/etc/resolv.conf", limit: 64 << 10)) ?? []
        let others = String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap {
            line -> String? in
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count > 1, words[0] == "nameserver" else { return nil }
            return String(words[1])
        }
        // Those of the machine's own loopback are others' in a container.
        return [own] + others.filter { !$0.hasPrefix("127.") && $0 != "::1" && $0 != own }.prefix(2)
    }

    private func certificates(_ edge: DaemonSettings.Edge) -> CertificateKeeper? {
        guard !edge.https.isEmpty else { return nil }
        let acme = edge.acme.map { acme in
            ACMEConfiguration(
                directoryURL: acme.server ?? ACMEConfiguration.letsEncrypt, email: acme.email,
                caFile: acme.certificateAuthorityFile, challengeAddress: acme.challengeAddress,
                dns: acme.dnsProvider.map {
                    DNSChallenge(provider: $0, environmentFile: acme.dnsEnvironmentFile ?? "")
                })
        }
        return CertificateKeeper(
            configuration: CertificateConfiguration(
                directory: "\(settings.stateDirectory)/certificates", ownDirectory: edge.certificates,
                acme: acme, hasDefault: false),  // The proxy has one of its own.
            log: log("certificates"))
    }

    private func log(_ part: StaticString) -> @Sendable (String) -> Void {
        { [logger] message in logger.notice(part, ["message": "\(message)"]) }
    }
}
