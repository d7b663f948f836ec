import Glibc
import Simulation
import Testing

/// The page on what is promised says what the rules say.
@Suite struct GuaranteesTests {
    private func page(_ file: String = #filePath) throws -> String {
        let path = "/" + file.split(separator: "/").dropLast(3).joined(separator: "/") + "/docs/guarantees.md"
        let opened = unsafe fopen(path, "r")
        let handle = try unsafe #require(opened)
        defer { unsafe fclose(handle) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe fread(&buffer, 1, buffer.count, handle)
            if count == 0 { break }
            text += buffer.prefix(count)
        }
        return String(decoding: text, as: UTF8.self)
    }

    @Test func `each rule stands on the page of guarantees in the same words`() throws {
        let page = try page()
        for checker in Checkers.all {
            #expect(page.contains("| \(checker.id) | \(checker.rule) |"), "\(checker.id)")
        }
        for (id, _, _) in Checkers.elsewhere { #expect(page.contains(id)) }
    }
}
