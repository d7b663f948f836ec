import Model

/// A heap of deadlines. The same element may stand in it more than once; a stale one costs an empty look.
struct TimerQueue<Element: Sendable> {
    private var heap: [(at: Instant, element: Element)] = []

    var next: Instant? { heap.first?.at }
    var count: Int { heap.count }

    mutating func add(_ element: Element, at instant: Instant) {
        heap.append((instant, element))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].at < heap[parent].at else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the earliest element out if it is due.
    mutating func popDue(now: Instant) -> Element? {
        guard let first = heap.first, first.at <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first.element
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].at < heap[least].at {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
