import Model
import Planning

/// What people see of the edge.
extension Controller {
    func edgeStatus() -> EdgeStatus? {
        guard edge != nil else { return nil }
        return EdgeStatus(
            isReachable: edgeState.isCurrent, version: edgeState.report.version,
            certificates: edgeState.report.certificates)
    }

    /// What is wrong with the edge as a whole.
    func edgeBlockers() -> [Blocker] {
        guard edge != nil else { return [] }
        var blockers: [Blocker] = []
        if !edgeState.isCurrent {
            blockers.append(Blocker(cause: .edge, object: "edge", message: edgeState.problem))
        }
        return blockers
            + edgeState.report.problems.filter { $0.key == nil }.map {
                Blocker(cause: .edge, object: "edge", message: $0.message)
            }
    }

    /// What the edge and the certificates of its hosts add to the reasons of an app.
    func edgeBlockers(of app: AppName) -> [Blocker] {
        guard edge != nil else { return [] }
        let problems = edgeState.report.problems.filter { $0.key?.app == app }.map {
            Blocker(cause: .edge, object: $0.key.map { "\($0)" } ?? app.rawValue, message: $0.message)
        }
        let hosts = Set((edgeState.routes[app] ?? [:]).values.flatMap { $0.observed.route.hosts })
        return problems
            + edgeState.report.certificates.filter { hosts.contains($0.host) }.compactMap(blocker)
    }

    private func blocker(_ certificate: CertificateReport) -> Blocker? {
        guard let problem = certificate.problem else { return nil }
        let attempts = certificate.failures > 1 ? " (\(certificate.failures) attempts)" : ""
        return Blocker(
            cause: .certificate, object: certificate.host,
            message: "\(certificate.host): \(problem)\(attempts)",
            nextAttemptInSeconds: certificate.nextAttemptAt.map {
                max(0, $0.secondsSince1970 - clock.wall().secondsSince1970)
            })
    }

    func traffic(of app: AppName) -> [TrafficStatus]? {
        guard let routes = edgeState.routes[app] else { return nil }
        return routes.keys.sorted().flatMap { process -> [TrafficStatus] in
            guard let route = routes[process]?.observed.route else { return [] }
            return edgeState.windows[route.key]?.status(of: route) ?? []
        }
    }
}

extension Route {
    /// All names that it answers to, the preview included.
    var hosts: [String] { domains.map(\.host) + (trial?.host.map { [$0] } ?? []) }
}
