import FoundationEssentials
import Glibc
import Testing

/// Compares text with a file beside the tests; with `SLIPWAY_UPDATE=1` the file is written instead.
enum Golden {
    static func check(
        _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try check(text, path: directory + "/Golden/" + name, sourceLocation: sourceLocation)
    }

    static func check(
        _ text: String, path: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        if unsafe getenv("SLIPWAY_UPDATE") != nil {
            try Data(text.utf8).write(to: URL(filePath: path))
            return
        }
        let wanted = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
        #expect(
            text == wanted, "\(path) is not up to date; SLIPWAY_UPDATE=1 rewrites it",
            sourceLocation: sourceLocation)
    }

    private static var directory: String { parent(#filePath) }
    static var repository: String { parent(parent(parent(#filePath))) }

    private static func parent(_ path: String) -> String {
        String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
}
