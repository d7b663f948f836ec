import Model
import Ports
import Testing

/// Values with every field set, so that every key shows in JSON.
enum Samples {
    static let now = WallTime(secondsSince1970: 1_795_236_000)
    static var shop: AppName { get throws { try #require(AppName("shop")) } }
    static var nightly: ProcessName { get throws { try #require(ProcessName("nightly")) } }
    static func cronRun() throws -> CronRunRecord {
        CronRunRecord(
            app: try shop, entry: try nightly, run: "20261125T0300Z", scheduled: now, isManual: false,
            startedAt: now, endedAt: now, outcome: .failed, exitCode: 3, tries: 2, passedOver: 1,
            message: "it exited 3", release: try release(42), container: "shop-nightly-20261125T0300Z.2.1")
    }
    static var web: ProcessName { get throws { try #require(ProcessName("web")) } }
    static var container: ContainerID { get throws { try #require(ContainerID("0123456789abcdef")) } }

    static func release(_ number: Int) throws -> ReleaseNumber { try #require(ReleaseNumber(number)) }

    static func commit() throws -> CommitInfo {
        CommitInfo(
            id: try #require(CommitID(String(repeating: "4", count: 40))), subject: "shop: 1.5.0",
            author: "anna",
            time: now)
    }

    static func digest(_ digit: Character) throws -> ContentDigest {
        try #require(ContentDigest("sha256:" + String(repeating: digit, count: 64)))
    }

    static func blocker() -> Blocker {
        Blocker(
            cause: .imagePull, object: "shop", message: "the registry is busy", sinceSeconds: 4,
            nextAttemptInSeconds: 6,
            command: "slipway why shop")
    }

    static func diagnostic() -> Diagnostic {
        Diagnostic(
            code: "unknown_key", message: "unknown key", path: "shop.yaml", line: 3, column: 1,
            keyPath: "prot",
            excerpt: "prot: 1")
    }

    static func status(_ number: Int) throws -> ReleaseStatus {
        ReleaseStatus(
            number: try release(number), commit: try commit(), image: "shop:1", digest: try digest("a"),
            specDigest: try digest(number == 41 ? "b" : "c"))
    }

    static func app(
        _ verdict: Verdict = .progressing, wanted: Int = 42, running: Int = 41, isMoving: Bool = true,
        because: [Blocker]? = nil
    ) throws -> AppStatus {
        AppStatus(
            name: try shop, project: try #require(ProjectName("retail")), source: SourceName("main"),
            path: "shop.yaml", verdict: verdict, phase: isMoving ? "rolling" : "", wanted: try status(wanted),
            running: try status(running),
            processes: [ProcessStatus(name: try web, want: 3, have: 3, ready: 2)],
            instances: [
                InstanceStatus(
                    id: try container, name: "shop-web-v42-1", process: try web, release: try release(42),
                    state: "running", health: "starting", healthSinceSeconds: 2, restarts: 0,
                    address: "172.20.0.2",
                    message: "connection refused")
            ],
            rollout: isMoving
                ? RolloutStatus(
                    strategy: .rolling, from: try release(running), to: try release(wanted), step: 1,
                    steps: 3,
                    provenPercent: 0, deadlineInSeconds: 600, weightPercent: 25, weightKind: .instances,
                    nextInSeconds: 20) : nil,
            sinceSeconds: 4, because: because ?? (verdict == .converged ? [] : [blocker()]),
            diagnostics: isMoving ? [diagnostic()] : [], isPaused: false,
            traffic: [
                TrafficStatus(
                    process: try #require(ProcessName("web")), release: try release(wanted), weight: 2_500,
                    measuredWeight: 2_460, requests: 1_200, errors: 2, p95InMilliseconds: 40,
                    windowInSeconds: 45)
            ],
            cron: [
                CronStatus(
                    name: try nightly, schedule: "0 3 * * *", timezone: "Europe/Berlin", next: now,
                    running: [
                        CronStatus.Run(
                            run: "20261126T0300Z", scheduled: now, isManual: false, startedAt: now, number: 2,
                            container: "shop-nightly-20261126T0300Z.2.1")
                    ], last: try cronRun(), problem: "nothing is known of the time zone")
            ])
    }

    static func installation(_ app: AppStatus? = nil) throws -> InstallationStatus {
        let app = try app ?? self.app()
        var status = InstallationStatus(
            installation: try #require(InstallationName("main")), verdict: app.verdict, at: now,
            sources: [
                SourceStatus(
                    name: try #require(SourceName("main")), repository: "https://git.example.com/config.git",
                    branch: "main", path: "apps", commit: try commit(), fetchedAt: now,
                    diagnostics: [], because: [blocker()], outcomes: .git,
                    deliveries: [
                        DeliveryStatus(
                            to: "notes", pending: 2, problem: "the remote refuses", nextAttemptInSeconds: 4)
                    ], project: ProjectName("retail"))
            ], apps: [app],
            engine: EngineStatus(
                isReachable: true, name: "docker", version: "20.10.24", apiVersion: "1.41", listedAt: now),
            edge: EdgeStatus(
                isReachable: true, version: "HAProxy 2.6.12",
                certificates: [
                    CertificateReport(
                        host: "shop.example.com", kind: .issued, issuer: "R3", expiresAt: now,
                        nextAttemptAt: now, failures: 1, problem: "the authority does not answer")
                ]),
            because: [blocker()])
        status.notices = [
            DeliveryStatus(
                to: "ops", pending: 1, problem: "ops.example.com answered 500", nextAttemptInSeconds: 9)
        ]
        return status
    }

    static func record() throws -> RolloutRecord {
        RolloutRecord(
            app: try shop, release: try release(42), commit: try commit(), image: "shop:1", startedAt: now,
            endedAt: now,
            outcome: .rolledBack, evidence: ["web exited 1"], project: ProjectName("retail"))
    }

    static func event(_ sequence: Int64) throws -> EventRecord {
        EventRecord(
            sequence: sequence, at: now, kind: .rolloutStarted, app: try shop, release: try release(42),
            commit: try commit().id, message: "v41 → v42", project: ProjectName("retail"), entry: try nightly)
    }

    static func line(_ text: String) throws -> LogLine {
        LogLine(instance: "shop-web-v42-1", process: try web, stream: "stdout", text: text)
    }

    static func script() throws -> ScriptedSurface.Script {
        let change = SpecChange(keyPath: "image", old: "shop:1", new: "shop:2")
        let plan = PlanReport.AppPlan(
            app: try shop, change: .update, from: try release(41), to: try release(42), changes: [change],
            notes: ["rolling"], started: 3, stopped: 3, kept: 0, lowestCapacity: 3, hasDowntime: false,
            image: PlanReport.ImagePlan(
                from: "shop:1", to: "shop:2", digest: try digest("a"), exists: true, pullBytes: 34_000_000,
                problem: "none"), seconds: 240,
            claims: [PlanReport.ClaimPlan(claim: "shop.example.com", change: .conflict, owner: try shop)])
        return ScriptedSurface.Script(
            status: try installation(), history: [try record()],
            plan: PlanReport(
                commit: try commit().id, apps: [plan], diagnostics: [], brakeHolds: false, containersTotal: 3,
                id: "3f9c", base: try commit().id),
            diff: DiffReport(app: try shop, from: try release(41), to: try release(42), changes: [change]),
            trace: TraceReport(
                container: "shop-web-v42-1", id: try container, app: try shop, process: try web,
                release: try release(42),
                image: "shop@sha256:9", commit: try commit(), source: try #require(SourceName("main")),
                path: "shop.yaml",
                outcome: .succeeded, because: "web exited 1",
                pullRequest: PullRequest(
                    number: 7, title: "shop: 1.5.0", author: "anna", url: "https://git.example.com/pulls/7",
                    approvers: ["bert"]), forgeProblem: "none"),
            report: CommandReport(message: "done", app: try shop, release: try release(42)),
            logs: [try line("one"), try line("two")], events: [try event(1), try event(2)])
    }
}
