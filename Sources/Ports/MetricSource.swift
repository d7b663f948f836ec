/// Where an analysis asks for figures that the edge does not have.
public protocol MetricSource: Sendable {
    /// Whether the condition that `query` states holds now. Never throws: a source that does not answer is `unknown`.
    func holds(_ query: String) async -> ProbeResult
}
