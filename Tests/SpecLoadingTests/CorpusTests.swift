import Execution
import FoundationEssentials
import Model
import SpecLoading
import Testing

@Suite struct CorpusTests {
    @Test func theCorpusIsThere() {
        #expect(Corpus.files("good").count >= 30)
        #expect(Corpus.files("edge").count >= 4)
        #expect(Corpus.files("bad").count >= 100)
    }

    @Test(arguments: Corpus.files("good"))
    func aGoodFileLoads(_ path: String) throws {
        let file = try Corpus.load(path)
        #expect(file.diagnostics.isEmpty, "\(file.diagnostics.map(SpecRendering.caret))")
        #expect(file.specs.count == (path.hasSuffix("/base_only.yaml") ? 0 : 1))
        for loaded in file.specs { try checkNormalForm(loaded) }
    }

    @Test(arguments: Corpus.files("edge"))
    func whatNeedsAnEdgeIsGoodWithOne(_ path: String) throws {
        let file = try Corpus.load(path, hasEdge: true)
        #expect(file.diagnostics.isEmpty, "\(file.diagnostics.map(SpecRendering.caret))")
        #expect(file.specs.count == 1)
        for loaded in file.specs { try checkNormalForm(loaded, hasEdge: true) }
        let without = try Corpus.load(path)
        #expect(without.specs.isEmpty)
        #expect(Set(without.diagnostics.map(\.code)) == ["not_yet_supported"])
        #expect(without.diagnostics.allSatisfy { $0.message.contains("this controller has no edge yet") })
    }

    /// The normal form is a spec by itself, and the same one.
    private func checkNormalForm(_ loaded: LoadedSpec, hasEdge: Bool = false) throws {
        let text = SpecRendering.yaml(loaded.spec)
        let loader = SpecLoader(project: try #require(ProjectName("another")), hasEdge: hasEdge)
        let again = loader.load(path: "normal.yaml", bytes: Array(text.utf8)) { try Corpus.bytes($0) }
        #expect(again.broken.isEmpty, "\(again.diagnostics.map(SpecRendering.caret))\n\(text)")
        #expect(again.specs.first?.spec == loaded.spec, "\(text)")
        #expect(again.specs.first?.digest == loaded.digest)
        #expect(again.specs.first.map { SpecRendering.yaml($0.spec) } == text)
    }

    @Test(arguments: Corpus.files("bad"))
    func aBadFileIsRefused(_ path: String) throws {
        let text = String(decoding: try Corpus.bytes(path), as: UTF8.self)
        let expected = try #require(Corpus.Expectation(text), "its first line must be `# expect: …`")
        let file = try Corpus.load(path)
        #expect(file.specs.isEmpty)
        #expect(file.broken.count == 1)
        let actual = Corpus.Expectation(file.diagnostics, schemaAccepts: expected.schemaAccepts)
        #expect(actual == expected, "\(file.diagnostics.map(SpecRendering.caret).joined(separator: "\n"))")
        for diagnostic in file.diagnostics where diagnostic.line > 0 && !diagnostic.path.hasSuffix(".env") {
            #expect(diagnostic.excerpt != nil)
        }
    }

    @Test func theSchemaJudgesLikeTheDecoder() throws {
        let validator = "\(Corpus.repository)/.build/tools/venv/bin/check-jsonschema"
        try #require(
            FileManager.default.isExecutableFile(atPath: validator),
            "the schema validator is not installed; run scripts/test once, which installs it")
        let paths = Corpus.files("good") + Corpus.files("edge") + Corpus.files("bad")
        let schema = "\(Corpus.repository)/schemas/app.schema.json"
        let output = try Subprocess.run(
            [validator, "--schemafile", schema, "-o", "json"] + paths.map { "\(Corpus.root)/\($0)" },
            environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"], timeout: .seconds(120),
            outputLimitInBytes: 16 << 20)
        try #require(output.exitCode <= 1, "\(String(decoding: output.standardError, as: UTF8.self))")
        let verdict = try JSONDecoder().decode(Verdict.self, from: Data(output.standardOutput))
        let refused = Set((verdict.errors + verdict.parse_errors).map(\.filename))
        for path in paths {
            let isRefused = refused.contains("\(Corpus.root)/\(path)")
            guard path.hasPrefix("bad/") else {
                #expect(!isRefused, "the schema refuses \(path)")
                continue
            }
            let text = String(decoding: try Corpus.bytes(path), as: UTF8.self)
            let expected = try #require(Corpus.Expectation(text))
            #expect(
                isRefused == !expected.schemaAccepts,
                "\(path): the schema \(isRefused ? "refuses" : "accepts") it")
        }
    }

    private struct Verdict: Decodable {
        struct Finding: Decodable { var filename: String }
        var errors: [Finding]
        var parse_errors: [Finding]
    }
}
