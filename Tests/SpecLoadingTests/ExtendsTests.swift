import Model
import SpecLoading
import Testing

@Suite struct ExtendsTests {
    private let base = """
        image: registry.example.com/shop:1.4.2
        env: {A: base, B: base, C: base}
        depends_on: [catalog, mail]
        processes:
          web: {port: 8080, replicas: 3, command: [bin/web]}
          worker: {command: [bin/worker]}
        """

    @Test func mapsAreMergedListsAreReplacedAndNullRemoves() throws {
        let text = """
            extends: ../base/shop.yaml
            name: shop
            env: {A: over, B: null}
            depends_on: [mail]
            processes: {web: {replicas: 1}, worker: null}
            """
        let loaded = try spec(text, path: "prod/shop.yaml", files: ["base/shop.yaml": base])
        #expect(loaded.spec.env == ["A": "over", "C": "base"])
        #expect(loaded.spec.dependsOn.map(\.rawValue) == ["mail"])
        #expect(loaded.spec.processes.map(\.name.rawValue) == ["web"])
        #expect(loaded.spec.processes.first?.port == 8080)
        #expect(loaded.spec.processes.first?.replicas == 1)
        #expect(loaded.diagnostics.isEmpty)
    }

    @Test func theMergedSpecIsTheSameAsOneWrittenOut() throws {
        let over = try spec("extends: base.yaml\nname: shop\n", files: ["base.yaml": base])
        let whole = try spec("name: shop\n\(base)\n")
        #expect(over.digest == whole.digest)
    }

    @Test func filesAreRelativeToTheFileThatNamesThem() throws {
        let loaded = try spec(
            "extends: ../base/_shop.yaml\nname: shop\nfiles: {/etc/b: b.txt}\n", path: "prod/shop.yaml",
            files: [
                "base/_shop.yaml": "image: a:1\nfiles: {/etc/a: a.txt}\nenv_files: [a.env]\n",
                "base/a.txt": "a",
                "base/a.env": "A=1", "prod/b.txt": "b"
            ])
        #expect(loaded.spec.files.map(\.source) == ["base/a.txt", "prod/b.txt"])
        #expect(loaded.spec.env == ["A": "1"])
    }

    @Test func dependenciesAreAllFilesThatWereTried() throws {
        let file = try load(
            "extends: ../base/_shop.yaml\nname: shop\nfiles: {/etc/b: b.txt, /etc/c: c.txt}\n",
            path: "prod/shop.yaml",
            files: ["base/_shop.yaml": "image: a:1\nenv_files: [a.env]\n", "prod/b.txt": "b"])
        #expect(file.dependencies == ["base/_shop.yaml", "base/a.env", "prod/b.txt", "prod/c.txt"])
        #expect(file.diagnostics.map(\.location) == ["prod/shop.yaml:3:32", "base/_shop.yaml:2:13"])
    }

    @Test func aMissingBaseIsADependencyToo() throws {
        let file = try load("extends: nowhere.yaml\nname: shop\n")
        #expect(file.dependencies == ["nowhere.yaml"])
        #expect(file.broken.first?.name?.rawValue == "shop")
    }

    @Test func anErrorNamesTheFileInWhichTheValueStands() throws {
        let file = try load("extends: base.yaml\nname: shop\n", files: ["base.yaml": "image: a:1\nport: x\n"])
        #expect(file.diagnostics.map(\.location) == ["base.yaml:2:7"])
        #expect(file.diagnostics.map(\.excerpt) == ["port: x"])
        #expect(file.broken.first?.path == "shop.yaml")
    }

    @Test func removingNothingIsAWarning() throws {
        let loaded = try spec("extends: base.yaml\nname: shop\nenv: {X: null}\n", files: ["base.yaml": base])
        #expect(loaded.diagnostics.map(\.code) == ["nothing_to_remove"])
        #expect(loaded.diagnostics.map(\.keyPath) == ["env.X"])
    }

    @Test func aChainIsFollowedEightFilesFar() throws {
        func chain(_ length: Int) -> [String: String] {
            var files = ["b\(length).yaml": "image: a:1\n"]
            for index in 1..<length {
                files["b\(index).yaml"] = "extends: b\(index + 1).yaml\nenv: {V\(index): x}\n"
            }
            return files
        }
        let loaded = try spec("extends: b1.yaml\nname: shop\n", files: chain(7))
        #expect(loaded.spec.env.count == 6)
        #expect(try findings("extends: b1.yaml\nname: shop\n", files: chain(8)) == ["extends_too_long 1:10"])
    }

    @Test func circlesAreRefused() throws {
        #expect(try findings("extends: shop.yaml\nname: shop\n") == ["extends_cycle 1:10"])
        #expect(try findings("extends: ./x/../shop.yaml\nname: shop\n") == ["extends_cycle 1:10"])
        let file = try load("extends: b.yaml\nname: shop\n", files: ["b.yaml": "extends: shop.yaml\n"])
        #expect(file.diagnostics.map(\.location) == ["b.yaml:1:10"])
        #expect(file.diagnostics.first?.message.contains("`shop.yaml` → `b.yaml` → `shop.yaml`") == true)
    }

    @Test(arguments: ["/etc/passwd", "../x.yaml", "../../x.yaml", "", ".", "..", "a/", "a\\nb"])
    func pathsOutsideAreRefused(_ path: String) throws {
        #expect(try findings("extends: \"\(path)\"\nname: shop\n") == ["bad_path 1:10"])
    }

    @Test func aBaseHoldsOneDocument() throws {
        #expect(try findings("extends: b\nname: shop\n", files: ["b": ""]) == ["bad_base 1:10"])
        #expect(try findings("extends: b\nname: shop\n", files: ["b": "- a\n"]) == ["bad_base 1:10"])
        #expect(
            try findings("extends: b\nname: shop\n", files: ["b": "a: 1\n---\nb: 2\n"]) == ["bad_base 1:10"])
        #expect(try findings("extends: b\nname: shop\n", files: ["b": "a: [\n"]) == ["syntax 2:1"])
    }

    @Test func basesAreNoApps() throws {
        let file = try load("x-base: true\nname: shop\nimage: a:1\n---\n\(shop)")
        #expect(file.specs.count == 1)
        #expect(file.diagnostics.isEmpty)
        let over = try spec("extends: b\nname: shop\n", files: ["b": "x-base: true\nx-a: 1\nimage: a:1\n"])
        #expect(over.spec.image == "a:1")
        #expect(SpecPaths.isSpec("shop.yaml") && SpecPaths.isSpec("a/b/shop.yml"))
        for path in [
            "_shop.yaml", "_base/shop.yaml", ".ci.yaml", "a/.b/c.yml", "shop.json", "a/_b.yml", "yaml",
            "a//b.yaml"
        ] {
            #expect(!SpecPaths.isSpec(path))
        }
    }
}
