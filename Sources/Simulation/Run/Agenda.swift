internal import Model

/// What is to happen at an instant of simulated time, once.
///
/// Safe to send: everything of a simulation runs on one thread.
final class Appointment: @unchecked Sendable {
    let at: Instant
    let order: Int
    private var work: (() -> Void)?

    init(at: Instant, order: Int, work: @escaping () -> Void) {
        self.at = at
        self.order = order
        self.work = work
    }

    var isOver: Bool { work == nil }
    func cancel() { work = nil }
    func keep() {
        let due = work
        work = nil
        due?()
    }
}

/// Appointments by time; those of one instant in the order in which they were made.
struct Agenda {
    /// With what it is sorted by beside it, so that sorting touches no appointment.
    private struct Place {
        var at: Instant
        var order: Int
        var appointment: Appointment
    }
    private var heap: [Place] = []
    private var made = 0

    mutating func add(at instant: Instant, _ work: @escaping () -> Void) -> Appointment {
        made += 1
        let appointment = Appointment(at: instant, order: made, work: work)
        heap.append(Place(at: instant, order: made, appointment: appointment))
        rise(heap.count - 1)
        return appointment
    }

    /// The earliest that has not been cancelled, taken out.
    mutating func popNext() -> Appointment? {
        dropCancelled()
        return heap.isEmpty ? nil : popFirst()
    }

    /// When the next one is due.
    mutating func next() -> Instant? {
        dropCancelled()
        return heap.first?.at
    }

    private mutating func dropCancelled() {
        while let first = heap.first, first.appointment.isOver { _ = popFirst() }
    }

    private static func isBefore(_ left: Place, _ right: Place) -> Bool {
        left.at == right.at ? left.order < right.order : left.at < right.at
    }

    private mutating func rise(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard Self.isBefore(heap[child], heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func popFirst() -> Appointment {
        let first = heap[0].appointment
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && Self.isBefore(heap[child], heap[least]) {
                least = child
            }
            guard least != parent else { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
