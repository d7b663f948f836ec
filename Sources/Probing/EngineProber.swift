public import HTTPClient
internal import Model
public import Ports

/// Probes instances from where the controller runs, over the network that it shares with them, and commands through
/// the engine.
///
/// The address is the one that the engine gave for the container. Redirects are not followed, so a probed app
/// cannot send the controller anywhere else.
public final class EngineProber: Prober {
    private let engine: any Engine
    private let client: HTTPClient

    public init(engine: any Engine, client: HTTPClient) {
        self.engine = engine
        self.client = client
    }

    public func probe(_ target: ProbeTarget) async -> ProbeResult {
        let result =
            switch target.check {
            case .http(let path, let host, let port):
                await at(target, port) { await probeHTTP(target, at: $0, path: path, host: host) }
            case .tcp(let port): await at(target, port) { await probeTCP(target, at: $0) }
            case .grpc(let service, let port):
                await at(target, port) { await probeGRPC(target, at: $0, service: service) }
            case .command(let command): await probeCommand(target, command)
            }
        return result.shortened
    }

    // MARK: Where to

    private struct Place {
        var host: String
        var port: Int
        /// Ready for a URL.
        var authority: String
    }

    private func at(
        _ target: ProbeTarget, _ port: Int?, _ probe: (Place) async -> ProbeResult
    ) async -> ProbeResult {
        guard let address = target.address, !address.isEmpty else {
            return .failed("the container has no address on the project network")
        }
        guard let port = port ?? target.port, (1...65_535).contains(port) else {
            return .failed("there is no port to ask: give the process or the check one")
        }
        // The engine gives addresses, never names: nothing is looked up, and the controller itself is no target.
        guard ContainerAddress.isAcceptable(address) else {
            return .failed("\(address.prefix(60)) is not the address of a container")
        }
        let authority = address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        return await probe(Place(host: address, port: port, authority: authority))
    }

    // MARK: Kinds of probes

    private func probeHTTP(
        _ target: ProbeTarget, at place: Place, path: String, host: String?
    ) async -> ProbeResult {
        let path = path.hasPrefix("/") ? path : "/" + path
        var headers = [("User-Agent", "slipway-probe"), ("Accept", "*/*")]
        if let host { headers.append(("Host", host)) }
        let request = HTTPRequest(
            url: "http://\(place.authority)\(path)", headers: headers, timeout: target.timeout.duration,
            reusesConnection: false)
        // Only the head counts: a body, however long, is not waited for.
        do throws(HTTPError) {
            let status = try await client.stream(request).status
            return (200...399).contains(status) ? .passed : .failed("GET \(path) answered \(status)")
        } catch {
            return verdict(on: error, at: place.authority, timeout: target.timeout)
        }
    }

    private func probeTCP(_ target: ProbeTarget, at place: Place) async -> ProbeResult {
        do throws(HTTPError) {
            try await client.connect(host: place.host, port: place.port, timeout: target.timeout.duration)
            return .passed
        } catch {
            return verdict(on: error, at: place.authority, timeout: target.timeout)
        }
    }

    private func probeGRPC(_ target: ProbeTarget, at place: Place, service: String) async -> ProbeResult {
        let request = HTTPRequest(
            method: "POST", url: "http://\(place.authority)/grpc.health.v1.Health/Check",
            headers: [
                ("Content-Type", "application/grpc"), ("TE", "trailers"), ("User-Agent", "slipway-probe")
            ],
            body: GRPCHealth.request(service: service), bodyLimitInBytes: 65_536,
            timeout: target.timeout.duration,
            protocolVersion: .http2PriorKnowledge, reusesConnection: false)
        do throws(HTTPError) {
            return GRPCHealth.verdict(on: try await client.send(request), service: service)
        } catch {
            return verdict(on: error, at: place.authority, timeout: target.timeout)
        }
    }

    private func probeCommand(_ target: ProbeTarget, _ command: [String]) async -> ProbeResult {
        let name = command.first ?? ""
        do throws(EngineError) {
            let result = try await engine.execute(command, in: target.container, timeout: target.timeout)
            guard result.exitCode != 0 else { return .passed }
            let lastLine = result.output.split(whereSeparator: \.isNewline).last.map { ": \($0)" } ?? ""
            return .failed("\(name) exited with \(result.exitCode)\(lastLine)")
        } catch {
            switch error.code {
            case .timeout: return .failed("\(name) did not end within \(target.timeout)")
            case .notFound, .conflict: return .failed("the container does not run")
            case .startFailed, .invalid: return .failed("\(name) cannot be run: \(error.message)")
            default: return .unknown("the engine could not run \(name): \(error.message)")
            }
        }
    }

    private func verdict(on error: HTTPError, at authority: String, timeout: TimeSpan) -> ProbeResult {
        switch error.code {
        case .timeout: .failed("no answer within \(timeout)")
        case .unreachable: .failed("\(error.message) at \(authority)")
        case .connectionLost: .failed("the connection broke at \(authority): \(error.message)")
        case .exhausted, .cancelled: .unknown("the probe could not be made: \(error.message)")
        case .invalidRequest: .failed("the check cannot be asked: \(error.message)")
        default: .failed("no proper answer from \(authority): \(error.message)")
        }
    }
}

extension ProbeResult {
    /// The same with a text of one line and at most 200 characters.
    fileprivate var shortened: ProbeResult {
        func short(_ text: String) -> String {
            let line = String(
                text.map { $0.isNewline || $0.asciiValue.map { $0 < 0x20 || $0 == 0x7f } == true ? " " : $0 })
            return line.count <= 200 ? line : line.prefix(199) + "…"
        }
        return switch self {
        case .passed: .passed
        case .failed(let text): .failed(short(text))
        case .unknown(let text): .unknown(short(text))
        }
    }
}
