internal import Model

/// Where things stand in the tree of the notes.
///
/// Git takes an entry of 40 hex digits, with slashes between pairs of them or without, for the note of that commit, and
/// keeps any other entry as it is. So the ledgers of the apps stand beside the notes, in one and the same commit.
enum NotesPlace {
    static let reference = "refs/notes/slipway"
    /// In the mirror. Branches stand below `refs/slipway/`, so none can have this name.
    static let mirrorReference = "refs/outcomes/slipway"

    /// The ways in which git may have split the name of a commit's note; ours is the first.
    static func notes(of commit: CommitID) -> [[String]] {
        let digits = commit.rawValue
        let second = digits.dropFirst(2)
        return [
            [String(digits.prefix(2)), String(second)], [digits],
            [String(digits.prefix(2)), String(second.prefix(2)), String(second.dropFirst(2))]
        ]
    }

    static func ledger(of app: AppName, _ installation: InstallationName) -> [String] {
        ["ledger", installation.rawValue, app.rawValue + ".json"]
    }

    /// A ledger is a few hundred bytes for each release that failed.
    static let ledgerLimitInBytes = 256 << 10
}
