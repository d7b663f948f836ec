import Testing

struct Expired: Error, CustomStringConvertible {
    var what: String
    var last: String
    var description: String { "\(what) did not happen in time; last seen: \(last)" }
}

/// Asks `probe` until it gives a value, at most for `limit`.
///
/// - Parameter probe: the value when it is there, else what was seen instead.
@discardableResult
func eventually<Value: Sendable>(
    _ what: String, within limit: Duration = .seconds(60), every interval: Duration = .milliseconds(100),
    _ probe: () async throws -> Seen<Value>
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
        switch try await probe() {
        case .yes(let value): return value
        case .notYet(let last):
            if ContinuousClock.now > deadline { throw Expired(what: what, last: last) }
            try await Task.sleep(for: interval)
        }
    }
}

enum Seen<Value: Sendable>: Sendable {
    case yes(Value)
    case notYet(String)
}

/// Checks that `probe` keeps giving `nil`, which means that all is well, for as long as `span`.
func always(
    _ what: String, for span: Duration, every interval: Duration = .milliseconds(100),
    _ probe: () async throws -> String?
) async throws {
    let end = ContinuousClock.now + span
    while ContinuousClock.now < end {
        if let wrong = try await probe() {
            Issue.record("\(what): \(wrong)")
            return
        }
        try await Task.sleep(for: interval)
    }
}
