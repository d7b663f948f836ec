internal import Model
public import Ports

/// Probes instances of a `FakeEngine` by the behavior of their image.
public struct FakeProber: Prober {
    private let engine: FakeEngine
    public init(engine: FakeEngine) { self.engine = engine }

    public func probe(_ target: ProbeTarget) async -> ProbeResult {
        guard let instance = engine.instance(target.container) else {
            return .unknown("no such container")
        }
        switch engine.behavior(of: instance.image) {
        case .healthy: return .passed
        case .sick: return .failed("GET /health answered 500")
        case .crashes, .refusesToStart, .missing: return .failed("connection refused")
        }
    }
}
