import FoundationEssentials

/// What `scripts/test` prepares and says through the environment.
struct Settings: Sendable {
    /// Folder of `slipwayd` and `slipway`.
    var programs: String
    /// Address of a registry with the images of `scripts/lib/images.sh`, such as `127.0.0.1:20123`.
    var registry: String
    /// The engine's socket.
    var engineSocket: String
    /// A root file system that more images can be imported from.
    var rootFileSystem: String

    struct Missing: Error, CustomStringConvertible {
        var name: String
        var description: String { "\(name) is not set: run the end-to-end tests through scripts/test" }
    }

    static func load() throws -> Settings {
        func value(_ name: String) throws -> String {
            guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
                throw Missing(name: name)
            }
            return value
        }
        return Settings(
            programs: try value("SLIPWAY_TEST_PROGRAMS"), registry: try value("SLIPWAY_TEST_REGISTRY"),
            engineSocket: try value("SLIPWAY_TEST_SOCKET"), rootFileSystem: try value("SLIPWAY_TEST_ROOTFS"))
    }
}
