import Model
import SpecLoading
import Testing

@Suite struct ValueTests {
    private static let mebibyte: Int64 = 1_048_576
    private static let sizes: [(String, Int64)] = [
        ("6M", 6), ("6m", 6), ("6mb", 6), ("6MiB", 6), ("8192k", 8), ("8192kb", 8), ("1.5G", 1_536),
        ("1g", 1_024),
        ("64T", 67_108_864), ("268435456", 256), ("268435456b", 256), ("0.0625G", 64), ("\"256M\"", 256)
    ]

    @Test(arguments: sizes)
    func sizesAreRead(_ text: String, _ mebibytes: Int64) throws {
        let loaded = try spec(shop + "resources: {memory: \(text)}\n")
        #expect(loaded.spec.processes.first?.resources?.memoryInBytes == mebibytes * Self.mebibyte)
    }

    @Test(arguments: [
        "5M", "65T", "0", "1.5", "1..5G", ".5G", "1.G", "1.0000000001G", "G", "1 G", "1P", "1e3M", "+6M",
        "６M", "true", "[]"
    ])
    func otherSizesAreRefused(_ text: String) throws {
        #expect(try findings(shop + "resources: {memory: \(text)}\n").count == 1)
    }

    @Test(
        arguments: [
            ("0.5", 500_000_000), ("\"0.5\"", 500_000_000), ("1", 1_000_000_000), ("0.01", 10_000_000),
            ("1024", 1_024_000_000_000),
            ("0.123456789", 123_456_789)
        ] as [(String, Int64)])
    func coresAreRead(_ text: String, _ billionths: Int64) throws {
        let loaded = try spec(shop + "resources: {cpus: \(text)}\n")
        #expect(loaded.spec.processes.first?.resources?.nanoCPUs == billionths)
    }

    @Test(arguments: ["0", "0.009", "1025", "-1", "5e-1", ".5", "0.1234567890", "half", ".inf", ".nan", "1,5"]
    )
    func otherCoresAreRefused(_ text: String) throws {
        #expect(try findings(shop + "resources: {cpus: \(text)}\n").count == 1)
    }

    @Test(arguments: [
        "a", "a:1", "a/b", "a/b/c:tag", "localhost/a", "localhost:5000/a:1",
        "registry.example.com:5000/a/b_c/d-e.f:T_1.x",
        "a--b", "a__b", "registry:5000/a", "10.0.0.1:5000/a@sha256:\(String(repeating: "0f", count: 32))"
    ])
    func imagesAreTaken(_ image: String) throws {
        #expect(try load("name: shop\nimage: \"\(image)\"\n").specs.first?.spec.image == image)
    }

    @Test(arguments: [
        "", "A", "a:", "a@", ":1", "a b", "a//b", "/a", "a/", "a_", "a___b", "a..b", "a:tag:tag", "-a",
        "a@sha256:0", "a@md5:1",
        "a:\(String(repeating: "t", count: 129))", String(repeating: "a", count: 256), "http://a/b", "a;id",
        "$(id)", "a\\nb", "ä",
        "registry:99999/a", "reg_istry.com:5000/a"
    ])
    func otherImagesAreRefused(_ image: String) throws {
        #expect(try findings("name: shop\nimage: \"\(image)\"\n") == ["bad_image 2:8"])
    }

    @Test func anImageWithoutAVersionIsAWarning() throws {
        #expect(
            try spec("name: shop\nimage: localhost:5000/shop\n").diagnostics.map(\.code) == ["floating_tag"])
    }

    @Test(arguments: [
        ("-5s", "negative"), ("+5s", "sign"), ("30", "no unit"), ("1.5s", "fraction"), ("1e9h", "exponent"),
        ("1s1m", "order"),
        ("1s1s", "order"), ("999999h", "longer than 10 years"), ("soon", "not a duration"), ("\"\"", "empty"),
        ("5d", "not a duration")
    ])
    func eachWrongDurationHasItsSentence(_ text: String, _ word: String) throws {
        let file = try load(shop + "drain_timeout: \(text)\n")
        #expect(file.diagnostics.map(\.code) == ["bad_duration"])
        #expect(file.diagnostics.first?.message.contains(word) == true, "\(file.diagnostics)")
    }

    @Test func shorthandDeclaresItsVolumes() throws {
        let short = try spec(shop + "volumes: [b:/b, a:/a]\n").spec
        #expect(short.volumes.keys.map(\.rawValue).sorted() == ["a", "b"])
        #expect(short.processes.first?.volumes.map(\.target) == ["/a", "/b"])
        let unused = try spec(shop + "volumes: {a: {}}\n")
        #expect(unused.diagnostics.map(\.code) == ["unused_volume"])
    }

    @Test func defaultsStayOut() throws {
        let web = try #require(try spec(shop).spec.processes.first)
        #expect(web == ProcessSpec(name: try #require(ProcessName("web"))))
        #expect(web.effectiveReplicas == 1)
    }

    @Test func joinedNamesFitADNSLabel() throws {
        let app = String(repeating: "a", count: 40)
        let process = String(repeating: "p", count: 23)
        #expect(
            try findings("name: \(app)\nimage: a:1\nprocesses: {\(process): {}}\n") == ["name_too_long 3:13"])
        #expect(try findings("name: \(app)\nimage: a:1\nprocesses: {\(process.dropLast()): {}}\n") == [])
    }

    @Test func laterFeaturesAreDecodedInFull() throws {
        let text = String(decoding: try Corpus.bytes("bad/later_all.yaml"), as: UTF8.self)
        let file = try load(text)
        #expect(Set(file.diagnostics.map(\.code)) == ["not_yet_supported"])
        #expect(
            file.diagnostics.map(\.keyPath) == [
                "domains", "placement", "deploy.analysis[0].metric",
                "deploy.analysis[1].metric", "autoscaling"
            ])
        #expect(
            try load(text, hasEdge: true).diagnostics.map(\.keyPath)
                == ["placement", "autoscaling"])
    }

    @Test func aReleaseCommandIsDecodedInFull() throws {
        let text = shop + "release: {command: [bin/migrate, --all], timeout: 10m, process: web}\n"
        let release = try #require(try spec(text).spec.release)
        #expect(
            release
                == ReleaseCommandSpec(
                    command: ["bin/migrate", "--all"], timeout: .minutes(10), process: ProcessName("web")))
        let short = try #require(try spec(shop + "release: {command: [bin/migrate]}\n").spec.release)
        #expect(short.timeout == nil && short.effectiveTimeout == .minutes(5))
        // Changing it is a release, and none of the processes is made anew for it.
        let with = try spec(text)
        let without = try spec(shop)
        #expect(with.digest != without.digest)
    }

    @Test func howAReleaseTakesOverIsDecodedInFull() throws {
        let bytes = try Corpus.bytes("edge/canary_metrics.yaml")
        let file = try load(String(decoding: bytes, as: UTF8.self), hasEdge: true)
        let deploy = try #require(file.specs.first?.spec.deploy)
        #expect(deploy.strategy == .canary)
        #expect(deploy.steps == [10, 100])
        #expect(deploy.bake == .minutes(5))
        #expect(
            deploy.analysis == [
                AnalysisSpec(
                    check: .metric(
                        .errorRate, max: .share(50), comparesWithLastGood: false, tolerance: nil,
                        minRequests: 200), onInsufficient: .proceed),
                AnalysisSpec(
                    check: .metric(
                        .latencyP95, max: .time(.milliseconds(300)), comparesWithLastGood: true,
                        tolerance: 20, minRequests: nil)),
                AnalysisSpec(
                    check: .metric(
                        .latencyP50, max: .time(.seconds(1)), comparesWithLastGood: false, tolerance: nil,
                        minRequests: nil), onInsufficient: .rollback),
                AnalysisSpec(
                    check: .metric(
                        .latencyP99, max: .time(.seconds(2)), comparesWithLastGood: false, tolerance: nil,
                        minRequests: nil), onInsufficient: .hold)
            ])
        let blueGreen = try #require(try Corpus.load("good/deploy_blue_green.yaml").specs.first?.spec.deploy)
        #expect(blueGreen.strategy == .blueGreen)
        #expect(blueGreen.approval == .beforePromote)
        #expect(blueGreen.analysis == [AnalysisSpec(check: .http(path: "/smoke"), every: .seconds(5))])
        #expect(try spec(shop + "group: train\n").spec.group == "train")
        #expect(try spec(shop + "reversible: false\n").spec.effectiveReversible == false)
    }

    @Test func whyAStrategyIsRefusedIsSaid() throws {
        let writer = shop + "port: 80\nvolumes: [\"data:/data\"]\n"
        let message = try load(writer + "deploy: {strategy: blue_green}\n").diagnostics.map(\.message)
        #expect(
            message == [
                "`blue_green` runs the new release beside the old one, but the one instance of `web` writes to a volume,"
                    + " so the old one must stop first; mark the volume `shared: true` if two may write to it, or use"
                    + " `rolling`"
            ])
        #expect(
            try load(writer + "group: train\n").diagnostics.map(\.message) == [
                "the apps of a `group` keep the old release up until the new one of all of them is proven, but the one"
                    + " instance of `web` writes to a volume, so its old release must stop first; mark the volume"
                    + " `shared: true` if two may write to it, or leave the group"
            ])
        // With two replicas the volume is one that several write to already.
        #expect(try findings(writer + "replicas: 2\ndeploy: {strategy: canary}\n") == [])
    }

    @Test func manyDocumentsAreManyApps() throws {
        let text = (0..<200).map { "name: app-\($0)\nimage: a:1\n" }.joined(separator: "---\n")
        let file = try load(text)
        #expect(file.specs.count == 200)
        #expect(file.specs.last?.line == 199 * 3 + 1)
        #expect(try load("# nothing\n").specs.isEmpty)
        #expect(try load("---\n---\n").diagnostics.isEmpty)
    }
}
