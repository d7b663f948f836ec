import FoundationEssentials
import Model
import SpecLoading
import Testing

/// What `docs/spec.md` shows is what happens.
@Suite struct DocumentationTests {
    /// The fenced blocks of the page with their language.
    private func blocks() throws -> [(language: String, text: String)] {
        let path = "\(Corpus.repository)/docs/spec.md"
        let page = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
        var blocks: [(language: String, text: String)] = []
        var open: (language: String, text: String)?
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                if let block = open { blocks.append(block) }
                open = open == nil ? (String(line.dropFirst(3)), "") : nil
            } else {
                open?.text += "\(line)\n"
            }
        }
        return blocks
    }

    @Test func theExamplesAreGood() throws {
        var loaded = 0
        for block in try blocks() where block.language == "yaml" && block.text.hasPrefix("name: ") {
            #expect(try spec(block.text).diagnostics.isEmpty)
            loaded += 1
        }
        #expect(loaded == 4)
    }

    @Test func theGroupIsWhatItSays() throws {
        let members = try blocks().filter { $0.text.contains("\ngroup: ") }.map(\.text)
        #expect(members.count == 2)
        let specs = try members.map { try spec($0) }
        #expect(specs.map(\.spec.group) == ["storefront", "storefront"])
        #expect(SpecRules.crossCheck(specs).isEmpty)
    }

    /// Every spec below `examples` is good, by itself and beside the others of its repository.
    @Test(arguments: ["shop", "strategies"])
    func theExampleRepositoriesAreGood(_ name: String) throws {
        let folder = "\(Corpus.repository)/examples/\(name)"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
            $0.hasSuffix(".yaml")
        }
        #expect(names.count >= 3)
        let loader = SpecLoader(project: try #require(ProjectName("default")))
        let specs = try names.sorted().flatMap { file in
            let bytes = Array(try #require(FileManager.default.contents(atPath: "\(folder)/\(file)")))
            let loaded = loader.load(path: file, bytes: bytes) { path in
                guard let data = FileManager.default.contents(atPath: "\(folder)/\(path)") else {
                    throw Corpus.MissingFile(path: path)
                }
                return Array(data)
            }
            #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics.map(SpecRendering.caret))")
            return loaded.specs
        }
        #expect(specs.count == names.count)
        #expect(SpecRules.crossCheck(specs).isEmpty)
    }

    @Test func theVariantIsWhatItSays() throws {
        let yaml = try blocks().filter { $0.language == "yaml" }.map(\.text)
        let base = try #require(yaml.first { $0.hasPrefix("# base/_shop.yaml\n") })
        let over = try #require(yaml.first { $0.hasPrefix("# staging/shop.yaml\n") })
        let loaded = try spec(over, path: "staging/shop.yaml", files: ["base/_shop.yaml": base])
        #expect(loaded.spec.env == ["LOG_LEVEL": "debug"])
        #expect(loaded.spec.processes.map(\.replicas) == [1])
    }

    @Test func theErrorsReadAsShown() throws {
        let shown = try #require(try blocks().first { $0.text.hasPrefix("shop.yaml:") }).text
        let text = shop + "port: 80\nreplicsa: 3\nrestart: always\nenv: {A: b}\nstop_grace_period: 5\n"
        let told = try load(text).diagnostics.map(SpecRendering.caret).joined(separator: "\n")
        #expect("\(told)\n" == shown)
    }
}
