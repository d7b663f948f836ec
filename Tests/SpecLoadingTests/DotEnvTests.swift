import Model
import SpecLoading
import Testing

@Suite struct DotEnvTests {
    private func env(_ text: String) throws -> [String: String] {
        try spec(shop + "env_files: [a.env]\n", files: ["a.env": text]).spec.env
    }

    @Test(arguments: [
        ("A=b", "b"), ("A = b ", "b"), ("export A=b", "b"), ("export\tA=b", nil), ("A=", ""),
        ("A=b c", "b c"),
        ("A=b # c", "b"), ("A=b#c", "b#c"), ("A=\"b # c\"", "b # c"), ("A='b \" c'", "b \" c"),
        ("A=\"a\\nb\"", "a\nb"),
        ("A=\"\\\"\\\\\"", "\"\\"), ("A='a\\nb'", "a\\nb"), ("A='${app}'", "${app}"), ("A=${app}", "shop"),
        ("A=\"${project}!\"", "default!"), ("A=\"\\${app}\"", "${app}"), ("A=\"\\$5\"", "$5"), ("A=$5", "$5"),
        ("A=b\r", "b"), ("\u{FEFF}A=b", "b"), ("A=#", ""), ("A=a=b", "a=b"), ("A=\"b\" # c", "b"),
        ("A=\"b", nil), ("A=\"b\" c", nil), ("A", nil), ("1A=b", nil), ("=b", nil), ("A B=c", nil),
        ("A=\"\\x\"", nil),
        ("A=${HOME}", nil), ("SLIPWAY_APP=x", nil)
    ])
    func aLineIsRead(_ line: String, _ value: String?) throws {
        guard let value else {
            let file = try load(shop + "env_files: [a.env]\n", files: ["a.env": "# first\n\(line)\n"])
            #expect(file.specs.isEmpty)
            #expect(file.diagnostics.count == 1)
            #expect(file.diagnostics.first?.location.hasPrefix("a.env:2:") == true)
            #expect(file.diagnostics.first?.excerpt == nil, "such files hold what is not for logs")
            return
        }
        #expect(try env("# first\n\n\(line)\n") == ["A": value])
    }

    @Test func laterFilesAndEnvWin() throws {
        let loaded = try spec(
            shop + "env_files: [a.env, b.env]\nenv: {C: spec}\n",
            files: ["a.env": "A=a\nB=a\nC=a\n", "b.env": "B=b\nC=b\n"])
        #expect(loaded.spec.env == ["A": "a", "B": "b", "C": "spec"])
    }

    @Test func allProblemsOfAFileAreTold() throws {
        let file = try load(shop + "env_files: [a.env]\n", files: ["a.env": "A\nB=1\nC='\n"])
        #expect(file.diagnostics.map(\.location) == ["a.env:1:1", "a.env:3:3"])
    }
}
