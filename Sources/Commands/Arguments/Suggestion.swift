/// What somebody may have meant.
enum Suggestion {
    /// The candidate that the fewest slips lead to, if they are few for the length of the word.
    static func nearest(to word: String, in candidates: [String]) -> String? {
        let typed = Array(word.lowercased().prefix(64))
        guard !typed.isEmpty else { return nil }
        let scored = candidates.map { ($0, distance(typed, Array($0))) }
        guard let best = scored.min(by: { $0.1 < $1.1 }) else { return nil }
        if best.1 <= max(1, typed.count / 3) { return best.0 }
        return typed.count >= 2 ? candidates.first { $0.hasPrefix(word.lowercased()) } : nil
    }

    static func question(_ guess: String?) -> String { guess.map { "; did you mean '\($0)'?" } ?? "" }

    /// Insertions, deletions, changes and swaps of neighbours that lead from one word to the other.
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                var cost = min(last[column + 1] + 1, current[column] + 1)
                cost = min(cost, last[column] + (left[row] == right[column] ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
