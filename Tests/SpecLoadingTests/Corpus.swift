import FoundationEssentials
import Model
import SpecLoading
import Testing

/// The shared corpus of good and bad specs, which decoder and schema are both held against.
enum Corpus {
    static let tests = directory(of: #filePath)
    static let root = "\(tests)/Corpus"
    static let repository = directory(of: directory(of: tests))

    static func directory(of path: String) -> String {
        path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
    }

    /// Paths relative to the corpus, such as `bad/port_zero.yaml`.
    static func files(_ kind: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(kind)")) ?? []
        return names.filter { $0.hasSuffix(".yaml") }.sorted().map { "\(kind)/\($0)" }
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: "\(root)/\(path)") else {
            throw MissingFile(path: path)
        }
        return Array(data)
    }

    static func load(_ path: String, hasEdge: Bool = false) throws -> LoadedFile {
        let loader = SpecLoader(project: try #require(ProjectName("default")), hasEdge: hasEdge)
        return loader.load(path: path, bytes: try bytes(path)) { try bytes($0) }
    }

    struct MissingFile: Error, CustomStringConvertible {
        var path: String
        var description: String { "there is no such file" }
    }

    /// What the first line of a bad file promises: `# expect: code[,code] line:column [schema: accepts]`.
    struct Expectation: Equatable, CustomStringConvertible {
        var codes: [String]
        var place: String
        var schemaAccepts: Bool

        init?(_ text: String) {
            let line = text.prefix { $0 != "\n" }
            guard line.hasPrefix("# expect: ") else { return nil }
            let words = line.dropFirst(10).split(separator: " ")
            guard words.count >= 2 else { return nil }
            codes = words[0].split(separator: ",").map(String.init)
            place = String(words[1])
            schemaAccepts = words.dropFirst(2).joined(separator: " ") == "schema: accepts"
        }

        init(_ diagnostics: [Diagnostic], schemaAccepts: Bool) {
            let errors = diagnostics.filter { $0.severity == .error }
            codes = Set(errors.map(\.code)).sorted()
            place = errors.first.map { "\($0.line):\($0.column)" } ?? "-"
            self.schemaAccepts = schemaAccepts
        }

        var description: String {
            "# expect: \(codes.joined(separator: ",")) \(place)\(schemaAccepts ? " schema: accepts" : "")"
        }
    }
}

/// Loads one document without other files, unless some are given.
func load(
    _ text: String, path: String = "shop.yaml", files: [String: String] = [:], hasEdge: Bool = false
) throws -> LoadedFile {
    let loader = SpecLoader(project: try #require(ProjectName("default")), hasEdge: hasEdge)
    return loader.load(path: path, bytes: Array(text.utf8)) { path in
        guard let content = files[path] else { throw Corpus.MissingFile(path: path) }
        return Array(content.utf8)
    }
}

/// The only spec of a text that is good.
func spec(_ text: String, path: String = "shop.yaml", files: [String: String] = [:]) throws -> LoadedSpec {
    let file = try load(text, path: path, files: files)
    #expect(file.broken.isEmpty, "\(file.diagnostics.map(\.message))")
    #expect(file.specs.count == 1)
    return try #require(file.specs.first)
}

/// `code line:column` of every finding.
func findings(_ text: String, path: String = "shop.yaml", files: [String: String] = [:]) throws -> [String] {
    try load(text, path: path, files: files).diagnostics.map { "\($0.code) \($0.line):\($0.column)" }
}

let shop = "name: shop\nimage: registry.example.com/shop:1.4.2\n"
