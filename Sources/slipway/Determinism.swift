internal import Glibc

/// Swift orders sets and dictionaries differently in each process, unless the environment says otherwise. What is
/// simulated has to come out the same each time, so for that the program starts itself anew with the setting.
enum Determinism {
    private static let name = "SWIFT_DETERMINISTIC_HASHING"

    static func settle(for arguments: [String]) {
        guard arguments.contains("simulate"), unsafe getenv(name) == nil else { return }
        unsafe setenv(name, "1", 1)
        var words = unsafe CommandLine.arguments.map { unsafe strdup($0) } + [nil]
        unsafe execv("/proc/self/exe", &words)
        // Where that is not allowed, the order of what happens at one instant may differ; nothing else does.
    }
}
