import Model
import SpecLoading
import Testing

@Suite struct SpecRulesTests {
    private func check(_ files: [(path: String, text: String)], known: [String] = []) throws -> [SpecFinding]
    {
        let specs = try files.flatMap { try load($0.text, path: $0.path).specs }
        return SpecRules.crossCheck(specs, known: Set(known.compactMap { AppName($0) }))
    }

    private func app(_ name: String, _ rest: String = "") -> String { "name: \(name)\nimage: a:1\n\(rest)" }

    @Test func theFirstKeepsItsName() throws {
        let found = try check([
            ("b.yaml", app("shop")), ("a.yaml", app("mail") + "---\n" + app("shop")), ("c.yaml", app("shop"))
        ])
        #expect(
            found.map { "\($0.path):\($0.line) \($0.diagnostic.code)" } == [
                "b.yaml:1 duplicate_app", "c.yaml:1 duplicate_app"
            ])
        #expect(found.allSatisfy { $0.diagnostic.message.contains("a.yaml:4") })
    }

    @Test func dependenciesExist() throws {
        let found = try check(
            [("a.yaml", app("shop", "depends_on: [catalgo, broken]\n")), ("b.yaml", app("catalog"))],
            known: ["broken"])
        #expect(found.map(\.diagnostic.code) == ["unknown_dependency"])
        #expect(found.first?.diagnostic.message.contains("did you mean `catalog`?") == true)
    }

    @Test func circlesAreNamedFromWhereEachAppStands() throws {
        let found = try check([
            ("a.yaml", app("a", "depends_on: [b]\n")), ("b.yaml", app("b", "depends_on: [c]\n")),
            ("c.yaml", app("c", "depends_on: [a]\n")), ("d.yaml", app("d", "depends_on: [a]\n"))
        ])
        #expect(found.map(\.app.rawValue) == ["a", "b", "c"])
        #expect(found.first?.diagnostic.message.contains("a → b → c → a") == true)
        #expect(found.last?.diagnostic.message.contains("c → a → b → c") == true)
    }

    private func groupFindings(
        _ apps: [(name: String, rest: String)], sources: [String: String] = [:]
    ) throws -> [String] {
        let specs = try apps.map { try spec(app($0.name, $0.rest), path: "\($0.name).yaml") }
        let named = sources.compactMap { app, source in
            AppName(app).flatMap { app in SourceName(source).map { (app, $0) } }
        }
        return SpecRules.crossCheck(specs, sources: Dictionary(uniqueKeysWithValues: named))
            .map { "\($0.app) \($0.diagnostic.code)" }
    }

    @Test func appsOfAGroupDoNotWaitForEachOther() throws {
        let pair = [("api", "group: g\n"), ("shop", "group: g\ndepends_on: [api, mail]\n"), ("mail", "")]
        #expect(try groupFindings(pair) == ["shop depends_on_group"])
        // Two sources may have a group of one name each.
        #expect(try groupFindings(pair, sources: ["api": "one", "shop": "two", "mail": "one"]) == [])
        #expect(try groupFindings([("a", "group: g\n"), ("b", "group: h\ndepends_on: [a]\n")]) == [])
    }

    @Test func aGroupDoesNotWaitForItselfOverOthers() throws {
        let over = [
            ("a", "group: g\ndepends_on: [x]\n"), ("b", "group: g\n"), ("x", "depends_on: [b]\n")
        ]
        #expect(try groupFindings(over) == ["a depends_on_group", "b depends_on_group"])
        let specs = try over.map { try spec(app($0.0, $0.1), path: "\($0.0).yaml") }
        #expect(
            SpecRules.crossCheck(specs).first?.diagnostic.message
                == "its group `g` waits for `x`, which waits for the group in turn; remove one of the dependencies,"
                + " or take an app out of the group")
        let crossed = [
            ("a", "group: g\ndepends_on: [c]\n"), ("b", "group: g\n"), ("c", "group: h\n"),
            ("d", "group: h\ndepends_on: [b]\n")
        ]
        #expect(try groupFindings(crossed).count == 4)
        // What leads in a circle without the group is told once, as that.
        #expect(
            try groupFindings([("a", "group: g\ndepends_on: [b]\n"), ("b", "depends_on: [a]\n")])
                == ["a dependency_cycle", "b dependency_cycle"])
    }

    @Test func longChainsAndLargeCirclesCostNoStack() throws {
        let count = 20_000
        let specs = try loadedChain(count, closed: false)
        #expect(SpecRules.crossCheck(specs).isEmpty)
        let found = SpecRules.crossCheck(try loadedChain(count, closed: true))
        #expect(found.count == count)
        #expect(found.allSatisfy { $0.diagnostic.message.utf8.count < 500 })
    }

    private func loadedChain(_ count: Int, closed: Bool) throws -> [LoadedSpec] {
        let one = try spec(shop)
        return try (0..<count).map { index in
            var loaded = one
            loaded.spec.name = try #require(AppName("a\(index)"))
            let next = index + 1 < count ? index + 1 : 0
            if closed || next > 0 { loaded.spec.dependsOn = [try #require(AppName("a\(next)"))] }
            loaded.line = index + 1
            return loaded
        }
    }

    @Test func joinedNamesDoNotMeet() throws {
        let found = try check([
            ("a.yaml", app("shop", "processes: {web-api: {}, web: {}}\n")),
            ("b.yaml", app("shop-web", "processes: {api: {}}\n"))
        ])
        #expect(
            found.map { "\($0.app) \($0.diagnostic.code) \($0.diagnostic.keyPath)" } == [
                "shop names_collide processes.web", "shop-web names_collide processes.api"
            ])
        let volumes = try check([
            ("a.yaml", app("a", "volumes: [b-c:/d]\n")), ("b.yaml", app("a-b", "volumes: [c:/d]\n"))
        ])
        #expect(volumes.map(\.diagnostic.keyPath) == ["volumes.c"])
    }

    @Test func theFirstKeepsItsDomain() throws {
        var first = try spec(app("a"), path: "a.yaml")
        var second = try spec(app("b"), path: "b.yaml")
        first.spec.processes[0].domains = [
            DomainSpec(host: "x.example.com"), DomainSpec(host: "y.example.com", path: "/a/")
        ]
        second.spec.processes[0].domains = [
            DomainSpec(host: "y.example.com", path: "/a"), DomainSpec(host: "y.example.com")
        ]
        let found = SpecRules.crossCheck([second, first])
        #expect(found.map { "\($0.app) \($0.diagnostic.code)" } == ["b domain_taken"])
    }
}
