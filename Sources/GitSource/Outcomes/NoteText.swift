internal import Model

/// The text of a commit's note: for each rollout some lines for people, and one line for programs.
///
/// Only the lines for programs count: `slipway/1 {…}`. The others are made from them anew with each change. Lines that
/// begin with another number were written by another version and are kept as they are, as are all that nobody of ours
/// has written.
struct NoteText {
    /// Larger notes are neither read nor added to.
    static let limitInBytes = 1 << 20
    private static let mark = "slipway/1 "

    private(set) var records: [OutcomeRecord] = []
    /// What is not ours to change.
    private var others: [String] = []

    init() {}

    init(_ bytes: [UInt8]) {
        let text = String(decoding: bytes.prefix(Self.limitInBytes), as: UTF8.self)
        var rendered: Set<String> = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init) {
            let json = Array(line.utf8.dropFirst(Self.mark.utf8.count))
            // Whoever may push can write anything here; what does not decode is kept as a foreign line.
            guard line.hasPrefix(Self.mark),
                let record = try? WireCoding.decode(OutcomeRecord.self, from: json)
            else {
                others.append(line)
                continue
            }
            // The lines for people before it, be they another version's or, after a merge of git's own, elsewhere.
            if let start = others.lastIndex(where: Self.isHeadline),
                others[(start + 1)...].allSatisfy({ $0.hasPrefix("    ") })
            {
                others.removeSubrange(start...)
            }
            rendered.formUnion(Self.lines(record))
            add(record)
        }
        others.removeAll(where: rendered.contains)
    }

    private static func isHeadline(_ line: String) -> Bool {
        line.hasPrefix("✓ ") || line.hasPrefix("✗ ") || line.hasPrefix("– ")
    }

    /// Takes a record in; one of the same rollout is replaced unless it ended later.
    mutating func add(_ record: OutcomeRecord) {
        if let place = records.firstIndex(where: { $0.isSameRollout(as: record) }) {
            if records[place].endedAt <= record.endedAt { records[place] = record }
        } else {
            records.append(record)
        }
        records.sort {
            ($0.endedAt, $0.installation, $0.app, $0.release)
                < ($1.endedAt, $1.installation, $1.app, $1.release)
        }
    }

    var bytes: [UInt8] {
        var lines = others
        for record in records {
            lines += Self.lines(record)
            // Names, numbers and texts always encode; one that did not would be told to people alone.
            if let json = try? WireCoding.encode(record) {
                lines.append(Self.mark + String(decoding: json, as: UTF8.self))
            }
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    private static func lines(_ record: OutcomeRecord) -> [String] {
        let seconds = max(0, record.endedAt.secondsSince1970 - record.startedAt.secondsSince1970)
        let sign = record.verdict == .succeeded ? "✓" : record.verdict == .superseded ? "–" : "✗"
        var first = "\(sign) \(record.app) \(record.release) \(record.verdict.words) after \(seconds) s"
        if !record.because.isEmpty { first += ": " + Text.printable(record.because, limit: 500) }
        let place =
            "    \(Text.printable(record.image, limit: 300)) · \(record.installation) · \(record.endedAt.utc)"
        return [first, place] + record.evidence.map { "    " + Text.printable($0, limit: 400) }
    }
}

extension RolloutRecord.Outcome {
    /// As people read it after an app and its release.
    fileprivate var words: String {
        switch self {
        case .succeeded: "is deployed"
        case .rolledBack: "failed and was rolled back"
        case .held: "failed and is held"
        case .superseded: "was overtaken"
        case .aborted: "was aborted"
        }
    }
}
