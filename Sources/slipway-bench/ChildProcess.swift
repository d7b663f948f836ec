/// What this program does as a child of its own, so that a figure holds nothing of other measures.
enum ChildProcess {
    static func run(_ arguments: [String]) async throws {
        guard arguments.count == 2, let count = Int(arguments[1]) else {
            throw BenchError("`child` is for the bench itself")
        }
        switch arguments[0] {
        case "rss_10k_apps": try await ManyAppsMemory.child(apps: count)
        default: throw BenchError("there is no child \(arguments[0])")
        }
    }
}
