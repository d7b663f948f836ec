import Model
import Ports

/// Collects what a stream of events delivers.
actor EventLog {
    private let marker: ContainerID
    private var ids: [ContainerID] = []
    private(set) var markersSeen = 0
    /// How the stream has ended.
    private(set) var end: EngineError?
    private var reader: Task<Void, Never>?

    init(_ stream: AsyncThrowingStream<ContainerID, any Error>, marker: ContainerID) {
        self.marker = marker
        Task { await self.read(stream) }
    }

    private func read(_ stream: AsyncThrowingStream<ContainerID, any Error>) {
        reader = Task {
            do {
                for try await id in stream { add(id) }
            } catch {
                end = error as? EngineError
            }
        }
    }

    private func add(_ id: ContainerID) {
        if id == marker {
            markersSeen += 1
        } else if !ids.contains(id) {
            ids.append(id)
        }
    }

    func take() -> [ContainerID] {
        defer { ids = [] }
        return ids
    }

    func close() { reader?.cancel() }
}
