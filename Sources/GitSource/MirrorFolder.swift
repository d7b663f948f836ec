internal import FoundationEssentials
internal import Ports

/// Where a repository's mirror lives: in `<number>.git`, the highest number being the one in use.
///
/// A mirror that is made anew gets a new path, since libgit2 1.5 remembers a pack that it could not read by
/// its path, for the life of the process. The one before is kept for people to look at;
/// `damagedMirrorIsMadeAnew` tests it.
struct MirrorFolder: Sendable {
    let path: String

    /// A home directory for the fetch helper that holds no configuration of git.
    var home: String { path + "/home" }
    /// Where what is pushed is put together.
    var workshop: String { path + "/workshop" }
    /// Where a new mirror is made before it is put into use.
    var fresh: String { path + "/new" }
    /// The mirror in use, or where the first one goes.
    var current: String { mirror(generations.max() ?? 1) }
    var exists: Bool { !generations.isEmpty }

    /// Makes room for a new mirror at `fresh`.
    func prepareFresh() throws(SourceError) { try remove(fresh) }

    /// Puts `fresh` into use.
    func install() throws(SourceError) {
        let known = generations
        let last = known.max() ?? 0
        do {
            try FileManager.default.moveItem(atPath: fresh, toPath: mirror(last + 1))
        } catch {
            throw SourceError(.internal, "Cannot move \(fresh) to \(mirror(last + 1)): \(error)")
        }
        for generation in known where generation != last { try remove(mirror(generation)) }
    }

    private func mirror(_ generation: Int) -> String { "\(path)/\(generation).git" }

    private var generations: [Int] {
        // A folder that cannot be listed has no mirror that can be read; the fetch says what is wrong with
        // it.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { $0.hasSuffix(".git") ? Int($0.dropLast(4)) : nil }
            .filter { (1..<1_000_000_000).contains($0) }
    }

    private func remove(_ place: String) throws(SourceError) {
        guard FileManager.default.fileExists(atPath: place) else { return }
        do {
            try FileManager.default.removeItem(atPath: place)
        } catch {
            throw SourceError(.internal, "Cannot remove the old mirror \(place): \(error)")
        }
    }
}
