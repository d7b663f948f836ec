import FoundationEssentials
import SpecLoading
import Testing

/// Schema and reference are made of the table of keys. `SLIPWAY_UPDATE=1` writes them anew.
@Suite struct GeneratedFilesTests {
    private static let isUpdating = ProcessInfo.processInfo.environment["SLIPWAY_UPDATE"] == "1"
    private static let begin = "<!-- keys: generated, see GeneratedFilesTests -->\n"
    private static let end = "<!-- end of keys -->\n"

    private func read(_ path: String) throws -> String {
        let data = try #require(
            FileManager.default.contents(atPath: "\(Corpus.repository)/\(path)"), "\(path) is missing")
        return String(decoding: data, as: UTF8.self)
    }

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(Corpus.repository)/\(path)"))
    }

    @Test func theSchemaIsUpToDate() throws {
        if Self.isUpdating { try write(SpecSchema.text(), to: "schemas/app.schema.json") }
        #expect(
            try read("schemas/app.schema.json") == SpecSchema.text(), "run the tests with SLIPWAY_UPDATE=1")
    }

    @Test func theReferenceIsUpToDate() throws {
        let page = try read("docs/spec.md")
        let head = try #require(page.ranges(of: Self.begin).first)
        let foot = try #require(page.ranges(of: Self.end).first)
        try #require(head.upperBound <= foot.lowerBound)
        let wanted =
            page[..<head.upperBound] + "\n" + SpecReference.markdown() + "\n" + page[foot.lowerBound...]
        if Self.isUpdating { try write(String(wanted), to: "docs/spec.md") }
        #expect(try read("docs/spec.md") == wanted, "run the tests with SLIPWAY_UPDATE=1")
    }

    @Test func theTableHasEachKeyOnce() {
        let paths = SpecKeys.all.map(\.path)
        #expect(Set(paths).count == paths.count)
        for key in SpecKeys.all {
            #expect(key.description.hasSuffix("."), "\(key.path)")
        }
    }
}
