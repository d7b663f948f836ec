import Model
import SpecLoading
import Testing

@Suite struct SpecRenderingTests {
    @Test func theNormalFormIsWrittenOut() throws {
        let text =
            shop + """
                port: 8080
                env: {B: "no", A: "1", C: "$${x}", D: "a: b", E: "", F: "two\\nlines"}
                volumes: ["data:/data:ro"]
                deploy: {max_surge: 1, max_unavailable: 50%, timeout: 90s, rollback: false}
                healthcheck: {grpc: true}
                resources: {cpus: "0.50", memory: 1024M}
                """
        let rendered = SpecRendering.yaml(try spec(text).spec)
        #expect(
            rendered == """
                name: shop
                project: default
                image: registry.example.com/shop:1.4.2
                env:
                  A: "1"
                  B: "no"
                  C: $${x}
                  D: 'a: b'
                  E: ""
                  F: |-
                    two
                    lines
                processes:
                  web:
                    port: 8080
                    healthcheck:
                      grpc: true
                    resources:
                      cpus: 0.5
                      memory: 1G
                    volumes: ['data:/data:ro']
                volumes:
                  data: {}
                deploy:
                  max_surge: 1
                  max_unavailable: 50%
                  timeout: 1m30s
                  rollback: false

                """)
    }

    @Test func howAReleaseTakesOverIsWrittenOut() throws {
        let text =
            shop + """
                port: 80
                group: train
                reversible: false
                deploy:
                  strategy: canary
                  steps: [5%, 100%]
                  bake: 90s
                  approval: before_promote
                  analysis:
                    - {metric: error_rate, max: 0.5%, compare: last_good, on_insufficient: proceed}
                    - {http: /smoke, failures: 3}
                """
        let loaded = try load(text, hasEdge: true)
        let rendered = SpecRendering.yaml(try #require(loaded.specs.first).spec)
        #expect(
            rendered == """
                name: shop
                project: default
                image: registry.example.com/shop:1.4.2
                group: train
                reversible: false
                processes:
                  web:
                    port: 80
                deploy:
                  strategy: canary
                  steps: [5%, 100%]
                  bake: 1m30s
                  approval: before_promote
                  analysis:
                  - metric: error_rate
                    max: 0.5%
                    compare: last_good
                    on_insufficient: proceed
                  - http: /smoke
                    failures: 3

                """)
    }

    @Test(arguments: [
        "yes", "off", "~", "null", "1e3", "0x1F", ".5", "12:30:45", "1_000", "- a", "? a", "<<", "=", " a ",
        "é\u{85}ü", "a #b", "%", "@a", "`", "\t", "\u{1}", "2001-01-01", "'", "\"", "a\u{2028}b", "${x}",
        "$${x}", "!t", "&a", "*a", "👋", "a\nb\n", "\n\n", " a\n  b", "a \nb", "\r\n", "a\n\tb"
    ])
    func everyTextSurvives(_ text: String) throws {
        var one = try spec(shop).spec
        one.env = ["A": text]
        let again = try spec(SpecRendering.yaml(one)).spec
        #expect(again == one)
    }

    @Test func aCaretStandsBelowTheColumn() throws {
        let file = try load(shop + "processes:\n  web: {prot: 80}\n")
        #expect(
            file.diagnostics.map(SpecRendering.caret) == [
                """
                shop.yaml:4:9: error: there is no key `prot` here; did you mean `port`? [unknown_key]
                  4 |   web: {prot: 80}
                    |         ^
                """
            ])
        let wide = Diagnostic(code: "x", message: "m", path: "p", line: 1, column: 300, excerpt: "short")
        #expect(SpecRendering.caret(wide) == "p:1:300: error: m [x]\n  1 | short")
        #expect(
            SpecRendering.caret(Diagnostic(code: "x", severity: .warning, message: "m", path: "p"))
                == "p: warning: m [x]")
    }

    @Test func columnsCountCharacters() throws {
        let file = try load(shop + "env: {A: \"ü👋\", 1B: x}\n")
        #expect(file.diagnostics.map(\.column) == [16])
        #expect(try findings("\u{FEFF}name: 1\nimage: a:1\n") == ["wrong_type 1:7"])
        #expect(try findings("name: shop\r\nimage: a:1\r\nport: x\r\n") == ["wrong_type 3:7"])
    }

    @Test func changesAreToldByKeyPath() throws {
        let old = try spec(
            shop + "port: 80\nenv: {A: a, B: b}\nfiles: {/etc/x: x}\ncommand: [a, b c]\n", files: ["x": "1"]
        ).spec
        let new = try spec(
            shop + "port: 81\nenv: {A: a, C: c}\nfiles: {/etc/x: x}\ncommand: [a]\nhealthcheck: {path: /}\n",
            files: ["x": "2"]
        ).spec
        let changes = SpecRendering.changes(from: old, to: new)
        #expect(
            changes.map(\.keyPath) == [
                "env.B", "env.C", "files./etc/x", "processes.web.command", "processes.web.healthcheck.path",
                "processes.web.port"
            ])
        #expect(changes[0] == SpecChange(keyPath: "env.B", old: "b", new: nil))
        #expect(changes[2].old?.hasPrefix("sha256:") == true && changes[2].old != changes[2].new)
        #expect(changes[3].old == "[a, \"b c\"]")
        #expect(SpecRendering.changes(from: new, to: new).isEmpty)
        #expect(SpecRendering.changes(from: nil, to: old).allSatisfy { $0.old == nil })
        #expect(SpecRendering.changes(from: old, to: nil).allSatisfy { $0.new == nil })
        #expect(SpecRendering.changes(from: nil, to: nil).isEmpty)
    }
}
