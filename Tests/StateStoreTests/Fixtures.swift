import Execution
import FoundationEssentials
import Glibc
import Model
import Ports
import StateStore
import Testing

/// A directory of its own for a test, removed after it.
func withTemporaryDirectory<Success>(_ body: (String) async throws -> Success) async throws -> Success {
    var template = Array("/tmp/slipway-store-XXXXXX".utf8CString)
    try #require(unsafe mkdtemp(&template) != nil)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { _ = try? run("/bin/rm", "-rf", path) }  // A left-over harms no other test.
    return try await body(path)
}

@discardableResult
func run(_ arguments: String...) throws -> String {
    let output = try Subprocess.run(arguments, environment: [:], timeout: .seconds(30))
    let text = String(decoding: output.standardOutput + output.standardError, as: UTF8.self)
    try #require(output.exitCode == 0, "\(arguments): \(text)")
    return text
}

/// Runs SQL in the database file, as a person with the tool would.
func sql(_ directory: String, _ text: String) throws {
    try run("/usr/bin/sqlite3", directory + "/slipway.db", text)
}

func read(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }
func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
    try Data(bytes).write(to: URL(filePath: path))
}
func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
func mode(_ path: String) -> mode_t {
    var status = stat()
    return unsafe lstat(path, &status) == 0 ? status.st_mode & 0o777 : 0
}

/// The error that `body` throws, `nil` if it does not.
func storeError(_ body: () async throws -> Void) async -> StoreError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? StoreError
    }
}

struct Fixtures {
    let shop: AppName
    let catalog: AppName
    let main: SourceName
    let project: ProjectName
    let web: ProcessName
    let digest: ContentDigest
    let commit: CommitInfo

    init() throws {
        shop = try #require(AppName("shop"))
        catalog = try #require(AppName("catalog"))
        main = try #require(SourceName("main"))
        project = try #require(ProjectName("retail"))
        web = try #require(ProcessName("web"))
        digest = try #require(ContentDigest("sha256:" + String(repeating: "ab", count: 32)))
        commit = CommitInfo(
            id: try #require(CommitID(String(repeating: "c0", count: 20))),
            subject: "Ship it: \"quotes\" / ümlaut",
            author: "Ann", time: WallTime(secondsSince1970: 1_700_000_000))
    }

    func number(_ value: Int) throws -> ReleaseNumber { try #require(ReleaseNumber(value)) }
    func container(_ text: String) throws -> ContainerID { try #require(ContainerID(text)) }
    func app(_ text: String) throws -> AppName { try #require(AppName(text)) }

    func release(_ value: Int, app: AppName? = nil) throws -> Release {
        let app = app ?? shop
        let reference = "registry.example.com/\(app):1.4.\(value)"
        let file = FileSpec(
            target: "/etc/app.toml", source: "app.toml", content: FileContent(Data([0, 1, 254, 255])))
        let process = ProcessSpec(
            name: web, command: ["bin/web", "--port=8080"], replicas: 3, port: 8080,
            healthcheck: HealthcheckSpec(check: .http(path: "/health", host: nil, port: nil)),
            resources: ResourcesSpec(nanoCPUs: 500_000_000, memoryInBytes: 256 << 20))
        let spec = AppSpec(
            name: app, project: project, image: reference, env: ["LOG_LEVEL": "info", "EMPTY": ""],
            files: [file],
            processes: [process])
        let template = ContainerTemplate(
            image: reference, command: ["bin/web"], env: ["LOG_LEVEL": "info"], files: [file], mounts: [],
            nanoCPUs: 500_000_000, memoryInBytes: 256 << 20, restart: .always, stopGrace: .seconds(30),
            network: "slipway-retail", aliases: ["shop"])
        return Release(
            number: try number(value), spec: spec, specDigest: digest,
            image: ResolvedImage(
                reference: reference, pinned: reference, digest: digest, isFromRegistry: true),
            origin: SpecOrigin(source: main, path: "apps/\(app).yaml", commit: commit),
            templates: [web: Release.Template(digest: digest, container: template)])
    }

    func memory(_ value: Int, app: AppName? = nil) throws -> AppMemory {
        var memory = AppMemory(
            source: main, path: "apps/shop.yaml", project: project, now: Instant(nanoseconds: 17))
        memory.nextRelease = try number(value + 1)
        memory.lastGood = try release(value, app: app)
        return memory
    }

    /// Everything that an app's memory can hold.
    func fullMemory() throws -> AppMemory {
        var memory = try memory(7)
        let failure = Failure(cause: .allCases[0], message: "web exited 1 ×3", evidence: ["line\u{1}\n\"x\""])
        var rollout = Rollout(
            target: try release(8), startedAt: Instant(nanoseconds: .max),
            startedAtWall: WallTime(secondsSince1970: 5))
        rollout.phase = .rollingBack(failure)
        memory.rollout = rollout
        memory.quarantine = [
            Quarantined(spec: digest, image: nil, release: try number(8), failure: failure, at: .zero)
        ]
        memory.lastOutcome = LastOutcome(
            release: try number(6), outcome: .rolledBack, failure: failure, at: .zero)
        memory.pin = Pin(release: try release(5), unlessSpecIs: digest)
        memory.isPaused = true
        memory.pausedAt = Instant(nanoseconds: 3)
        memory.approvedSpec = digest
        return memory
    }

    func event(_ sequence: Int64) throws -> EventRecord {
        EventRecord(
            sequence: sequence, at: WallTime(secondsSince1970: sequence), kind: .commitSeen, app: shop,
            commit: commit.id, message: "event \(sequence)")
    }

    func intent(_ sequence: Int64) -> Intent {
        Intent(
            sequence: sequence, app: shop, action: .launch, object: "shop-web-v1-\(sequence)",
            at: WallTime(secondsSince1970: sequence))
    }

    func rollout(
        _ value: Int, at seconds: Int64, outcome: RolloutRecord.Outcome? = nil
    ) throws -> RolloutRecord {
        RolloutRecord(
            app: shop, release: try number(value), commit: commit, image: "shop:\(value)",
            startedAt: WallTime(secondsSince1970: seconds), outcome: outcome, evidence: ["x"])
    }
}
