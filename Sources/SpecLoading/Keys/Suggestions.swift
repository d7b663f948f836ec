/// What the author may have meant by a key that does not exist.
enum Suggestions {
    /// Words of other tools for what is called otherwise here.
    private static let otherWords = [
        "environment": "env", "environments": "env", "vars": "env", "env_file": "env_files",
        "envfile": "env_files",
        "ports": "port", "expose": "port", "scale": "replicas", "instances": "replicas", "count": "replicas",
        "health_check": "healthcheck", "health": "healthcheck", "probe": "healthcheck", "cpu": "cpus",
        "mem": "memory", "mem_limit": "memory", "memory_limit": "memory", "limits": "resources",
        "cmd": "command",
        "entrypoint": "command", "args": "command", "test": "command", "http": "path", "hosts": "domains",
        "domain": "domains", "host": "domains", "ingress": "domains", "services": "processes",
        "restart_policy": "restart", "crons": "cron", "jobs": "cron", "app": "name", "configs": "files",
        "start_delay": "start_period", "namespace": "project", "needs": "depends_on"
    ]

    /// The end of a sentence about the unknown key `key` in the map at `pattern`, such as `; did you mean …?`.
    static func ending(for key: String, in pattern: String, among known: [String]) -> String {
        if let meant = nearest(to: key, among: known) { return "; did you mean `\(meant)`?" }
        if let place = elsewhere(key, than: pattern) { return "; `\(Printable.text(key))` stands \(place)" }
        guard !known.isEmpty, known.count <= 12 else {
            return "; remove it, or write `x-` before it to keep a note"
        }
        return "; known here are " + known.sorted().map { "`\($0)`" }.joined(separator: ", ")
    }

    static func nearest(to key: String, among known: [String]) -> String? {
        guard key.utf8.count <= 64 else { return nil }
        let plain = plainForm(key)
        if let same = known.first(where: { plainForm($0) == plain }) { return same }
        if let word = otherWords[key.lowercased()], known.contains(word) { return word }
        let limit = max(1, key.count / 3)
        let distances = known.map { (name: $0, distance: distance(key, $0)) }
        guard let best = distances.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else {
            return nil
        }
        return best.distance <= limit ? best.name : nil
    }

    private static func elsewhere(_ key: String, than pattern: String) -> String? {
        guard let found = SpecKeys.all.first(where: { $0.name == key && $0.parent != pattern }) else {
            return nil
        }
        let parent = found.parent.split(separator: "[").first.map(String.init) ?? ""
        return parent.isEmpty ? "at the top" : "under `\(parent.replacingStars())`"
    }

    private static func plainForm(_ text: String) -> String {
        String(text.lowercased().filter { $0 != "_" && $0 != "-" })
    }

    /// Insertions, deletions, changes and swaps of neighbours between two words.
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.unicodeScalars)
        let right = Array(right.unicodeScalars)
        guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for row in 1...left.count {
            var current = [row] + [Int](repeating: 0, count: right.count)
            for column in 1...right.count {
                let change = left[row - 1] == right[column - 1] ? 0 : 1
                var best = min(last[column] + 1, current[column - 1] + 1, last[column - 1] + change)
                let isSwap =
                    row > 1 && column > 1 && left[row - 1] == right[column - 2]
                    && left[row - 2] == right[column - 1]
                if isSwap { best = min(best, beforeLast[column - 2] + 1) }
                current[column] = best
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}

extension String {
    /// `processes.*` as people read it: `processes.<name>`.
    func replacingStars() -> String {
        split(separator: ".", omittingEmptySubsequences: false).map { $0 == "*" ? "<name>" : $0 }.joined(
            separator: ".")
    }
}
