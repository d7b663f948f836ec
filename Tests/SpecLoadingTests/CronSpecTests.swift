import Model
import SpecLoading
import Testing

@Suite struct CronSpecTests {
    private static let zones = ZoneNames(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"])

    private func findings(_ entry: String, zones: ZoneNames? = zones) throws -> [String] {
        let text = "name: shop\nimage: a:1\ncron:\n  - \(entry)\n"
        let loader = SpecLoader(project: try #require(ProjectName("default")), zones: zones)
        let file = loader.load(path: "shop.yaml", bytes: Array(text.utf8)) {
            throw Corpus.MissingFile(path: $0)
        }
        return file.diagnostics.map { "\($0.code) \($0.line):\($0.column) \($0.message)" }
    }

    @Test func entriesAreDecodedInFullAndSorted() throws {
        let spec = try Corpus.load("good/cron.yaml").specs.first?.spec
        let entries = try #require(spec?.cron)
        #expect(entries.map(\.name.rawValue) == ["nightly", "weekly"])
        let nightly = entries[0]
        #expect(nightly.schedule == "0 3 * jan-DEC,7 sun,mon-fri")
        #expect(nightly.timezone == "Europe/Berlin")
        #expect(nightly.command == ["sh", "-c", "bin/clean | tee /data/log"])
        #expect(nightly.process?.rawValue == "worker")
        #expect(nightly.effectiveTimeout == .minutes(20))
        #expect(nightly.effectiveOverlap == .replace)
        #expect(nightly.effectiveRetries == 3)
        #expect(nightly.effectiveMissedRunWindow == .minutes(120))
        let weekly = entries[1]
        #expect(weekly.effectiveTimezone == "UTC" && weekly.effectiveOverlap == .forbid)
        #expect(weekly.effectiveTimeout == .minutes(60) && weekly.effectiveRetries == 0)
    }

    @Test func aZoneThatIsNotThereIsRefusedAndAnotherProposed() throws {
        func finding(_ zone: String) throws -> String? {
            try findings("{name: n, schedule: \"@daily\", command: [a], timezone: \(zone)}").first
        }
        #expect(try finding("Europe/Berlin") == nil)
        #expect(try finding("UTC") == nil)
        #expect(
            try finding("Europe/Berln")
                == "bad_timezone 4:59 `cron[0].timezone`: there is no time zone `Europe/Berln`; did you mean `Europe/Berlin`?"
        )
        #expect(try finding("Berlin")?.hasSuffix("did you mean `Europe/Berlin`?") == true)
        #expect(try finding("america/new_york")?.hasSuffix("did you mean `America/New_York`?") == true)
        #expect(try finding("Mars/Olympus")?.hasSuffix("there is no time zone `Mars/Olympus`") == true)
        #expect(try finding("../../etc/passwd")?.hasPrefix("bad_timezone") == true)
        let entry = "{name: n, schedule: \"@daily\", command: [a], timezone: Mars/Olympus}"
        #expect(try findings(entry, zones: nil) == [], "where zones are not known, the form alone counts")
    }

    @Test func whatIsWrongWithAScheduleIsSaid() throws {
        #expect(
            try findings("{name: n, schedule: \"0 25 * * *\", command: [a]}") == [
                "bad_schedule 4:25 `cron[0].schedule` is not a schedule such as `0 3 * * *`: the hour: `25` is not from 0 to 23"
            ])
    }

    /// What the clock runs is no part of what processes are made of.
    @Test func anEntryChangesTheSpecAndNoTemplate() throws {
        let plain = try spec("name: shop\nimage: a:1\n")
        let timed = try spec(
            "name: shop\nimage: a:1\ncron: [{name: n, schedule: \"@daily\", command: [a]}]\n")
        #expect(plain.digest != timed.digest)
        let digest = try #require(ContentDigest("sha256:" + String(repeating: "0", count: 64)))
        let image = ResolvedImage(reference: "a:1", pinned: "a@b", digest: digest, isFromRegistry: true)
        let naming = Naming(prefix: "")
        #expect(
            Templates.templates(for: plain.spec, image: image, naming: naming)
                == Templates.templates(for: timed.spec, image: image, naming: naming))
        let changes = SpecRendering.changes(from: plain.spec, to: timed.spec)
        #expect(changes.map(\.keyPath) == ["cron.n.command", "cron.n.schedule"])
    }

    @Test func theOrderOfEntriesIsNoChange() throws {
        let (a, b) = (
            "{name: a, schedule: \"@daily\", command: [a]}", "{name: b, schedule: \"@daily\", command: [b]}"
        )
        let first = try spec("name: shop\nimage: a:1\ncron: [\(a), \(b)]\n")
        let second = try spec("name: shop\nimage: a:1\ncron: [\(b), \(a)]\n")
        #expect(first.digest == second.digest)
    }
}
