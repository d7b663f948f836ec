import Model
import Testing

@Suite struct NamesTests {
    @Test(arguments: ["a", "shop", "shop-2", "a1", "a--b", String(repeating: "a", count: 40)])
    func aNameIsTaken(_ text: String) throws {
        let name = try #require(AppName(text))
        #expect(name.rawValue == text)
        #expect(ProjectName(text) != nil && ProcessName(text) != nil && VolumeName(text) != nil)
    }

    @Test(arguments: [
        "", "-", "-a", "a-", "1a", "A", "aB", "a_b", "a.b", "a b", "a/b", "a\n", "ä", "а", "a\u{0}",
        "a\u{301}",
        String(repeating: "a", count: 41)
    ])
    func anythingElseIsRefused(_ text: String) {
        #expect(AppName(text) == nil)
        #expect(SourceName(text) == nil && InstallationName(text) == nil)
    }

    @Test func commitsAndDigestsAreLowerHex() {
        let hex = String(repeating: "0a", count: 20)
        #expect(CommitID(hex)?.short == "0a0a0a0")
        #expect(CommitID(hex.uppercased()) == nil)
        #expect(CommitID(String(hex.dropLast())) == nil)
        #expect(CommitID(hex + "0") == nil)
        let digest = "sha256:" + String(repeating: "ab", count: 32)
        #expect(ContentDigest(digest)?.short == "abababababab")
        #expect(ContentDigest(String(digest.dropFirst(7))) == nil)
        #expect(ContentDigest("sha512:" + String(repeating: "ab", count: 32)) == nil)
        #expect(ContentDigest(digest.dropLast() + "g") == nil)
    }

    @Test func releaseNumbersBeginAtOne() throws {
        #expect(ReleaseNumber(0) == nil)
        #expect(ReleaseNumber(-1) == nil)
        #expect(ReleaseNumber.first.next == ReleaseNumber(2))
        let last = try #require(ReleaseNumber(.max))
        #expect(last.next == last)
        #expect("\(last)" == "v\(Int.max)")
    }

    @Test func containerIdsArePlain() {
        #expect(ContainerID("0123456789abcdef")?.short == "0123456789ab")
        for text in ["", "a/b", "a b", "../x", "a?b", "ä", String(repeating: "a", count: 129)] {
            #expect(ContainerID(text) == nil)
        }
    }
}
