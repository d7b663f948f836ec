import EdgeProxy
import Ports
import Telemetry

extension Daemon {
    /// The edge as the settings say; `nil`: there is none.
    func edge(certificates: (any CertificateSource)?) -> HAProxyEdge? {
        guard let edge = settings.edge else { return nil }
        let configuration = EdgeConfiguration(
            directory: edge.directory ?? "\(settings.stateDirectory)/edge", program: edge.program,
            httpAddresses: edge.http, httpsAddresses: edge.https, internalAddress: edge.internalAddress,
            internalSuffix: edge.internalSuffix, challengeAddress: edge.acme?.challengeAddress,
            supervision: edge.isExternal ? .external : .own, accessLogDirectory: edge.accessLog,
            logSample: edge.logSample)
        return HAProxyEdge(configuration: configuration, certificates: certificates) { [logger] message in
            logger.notice("edge", ["message": "\(message)"])
        }
    }
}
