import Model
import Planning
import Ports

extension Controller {
    /// Asks the edge for something that an action is about.
    func onEdge(_ body: (any Edge) async throws(EdgeError) -> Void) async throws(EngineError) {
        guard let edge else {
            throw EngineError(.internal, "this installation has no edge", call: "edge")
        }
        do throws(EdgeError) {
            try await body(edge)
        } catch {
            throw EngineError(
                error.code == .unreachable ? .timeout : .internal, error.message, call: "edge")
        }
    }
}
