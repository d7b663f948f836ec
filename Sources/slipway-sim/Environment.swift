import Glibc

/// Swift orders sets and dictionaries differently in each process, unless the environment says otherwise. A story has
/// to be the same each time, so the program starts itself anew with that setting.
enum Environment {
    private static let name = "SWIFT_DETERMINISTIC_HASHING"

    static func settle() {
        guard unsafe getenv(name) == nil else { return }
        unsafe setenv(name, "1", 1)
        var arguments = unsafe CommandLine.arguments.map { unsafe strdup($0) } + [nil]
        unsafe execv("/proc/self/exe", &arguments)
        unsafe perror("slipway-sim cannot start itself anew")
        exit(70)
    }
}
