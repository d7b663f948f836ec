internal import CLinux
internal import FoundationEssentials
internal import Glibc

/// One process of this host, which is not mistaken for a later one with its number.
final class ProcessHandle: Sendable {
    private let descriptor: Int32

    /// `nil` unless the process is there and in the container's control group: an engine whose processes this program
    /// does not see, or numbers in another way, has none.
    init?(_ process: Int32, inContainer id: String) {
        guard process > 1, id.utf8.count >= 64 else { return nil }
        descriptor = slipway_pidfd_open(process)
        guard descriptor >= 0 else { return nil }
        guard let groups = FileManager.default.contents(atPath: "/proc/\(process)/cgroup"),
            String(decoding: groups, as: UTF8.self).contains(id)
        else {
            return nil
        }
    }

    deinit { close(descriptor) }

    /// A process that has ended meanwhile gets nothing.
    func send(_ signal: Int32) { _ = slipway_pidfd_send_signal(descriptor, signal) }
}
