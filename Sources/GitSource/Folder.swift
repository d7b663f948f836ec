internal import Ports

/// The entries of one tree, each judged: the one place that decides what of a repository is ever read.
struct Folder: Sendable {
    enum Kind: Sendable, Hashable {
        case file
        case folder
        case refused(String)
    }

    struct Entry: Sendable {
        var name: [UInt8]
        var id: ObjectID
        var kind: Kind
    }

    let entries: [Entry]
    private let index: [[UInt8]: Int]

    init(_ raw: [RepositoryHandle.RawEntry]) {
        var index: [[UInt8]: Int] = [:]
        index.reserveCapacity(raw.count)
        var repeated: Set<[UInt8]> = []
        for (position, entry) in raw.enumerated() {
            if index.updateValue(position, forKey: entry.name) != nil { repeated.insert(entry.name) }
        }
        entries = raw.map { entry in
            let kind =
                if let objection = EntryName.objection(to: entry.name) {
                    Kind.refused(objection)
                } else if repeated.contains(entry.name) {
                    Kind.refused("several entries of one name")
                } else {
                    Self.kind(ofMode: entry.mode)
                }
            return Entry(name: entry.name, id: entry.id, kind: kind)
        }
        self.index = index
    }

    /// The entry of that name; any of them if there are several, which are refused all.
    subscript(name: [UInt8]) -> Entry? { index[name].map { entries[$0] } }

    private static func kind(ofMode mode: UInt32) -> Kind {
        switch mode {
        // 100664 was written by early versions of git.
        case 0o100_644, 0o100_755, 0o100_664: .file
        case 0o040_000: .folder
        case 0o120_000: .refused("symbolic link")
        case 0o160_000: .refused("submodule")
        default: .refused("unknown mode \(String(mode, radix: 8))")
        }
    }
}
