/// How many apps one commit may remove without a person's word.
///
/// Removing more than `apps` and more than `percent` of what the source owns is held, and so is the removal of
/// everything, whatever the numbers, unless it was a single app that left others standing.
public struct DeletionBrake: Hashable, Sendable {
    public var apps: Int
    /// Of the apps that the source owns, 0 to 100.
    public var percent: Int

    public init(apps: Int = 1, percent: Int = 20) {
        self.apps = apps
        self.percent = percent
    }

    /// - Parameters:
    ///   - removed: how many apps are absent from the commit.
    ///   - owned: how many apps the source owned before.
    ///   - remaining: how many apps the commit has.
    public func holds(removed: Int, owned: Int, remaining: Int) -> Bool {
        guard removed > 0 else { return false }
        if remaining == 0 { return true }
        return removed > max(apps, owned * percent / 100)
    }
}
