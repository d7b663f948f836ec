import Model
import Testing

/// States to render.
enum Samples {
    static let now = WallTime(secondsSince1970: 1_795_236_000)

    static func commit(_ digit: Character, _ subject: String) throws -> CommitInfo {
        CommitInfo(
            id: try #require(CommitID(String(repeating: digit, count: 40))), subject: subject, author: "anna",
            time: WallTime(secondsSince1970: now.secondsSince1970 - 120))
    }

    static func digest(_ digit: Character) throws -> ContentDigest {
        try #require(ContentDigest("sha256:" + String(repeating: digit, count: 64)))
    }

    static func release(_ number: Int?, _ digit: Character) throws -> ReleaseStatus {
        ReleaseStatus(
            number: number.flatMap(ReleaseNumber.init), commit: try commit(digit, "shop: 1.\(digit).0"),
            image: "registry.example.com/shop:1.\(digit).0", digest: try digest(digit),
            specDigest: try digest(digit))
    }

    static func app(
        _ name: String, _ verdict: Verdict, phase: String = "", wanted: ReleaseStatus? = nil,
        running: ReleaseStatus? = nil, ready: Int = 2, want: Int = 2, rollout: RolloutStatus? = nil,
        since: Int64 = 259_200, because: [Blocker] = [], instances: [InstanceStatus] = [],
        diagnostics: [Diagnostic] = [], isPaused: Bool = false
    ) throws -> AppStatus {
        AppStatus(
            name: try #require(AppName(name)), project: try #require(ProjectName("retail")),
            source: SourceName("main"), path: "apps/\(name).yaml", verdict: verdict, phase: phase,
            wanted: wanted, running: running,
            processes: [ProcessStatus(name: try web(), want: want, have: ready, ready: ready)],
            instances: instances,
            rollout: rollout, sinceSeconds: since, because: because, diagnostics: diagnostics,
            isPaused: isPaused)
    }

    static func web() throws -> ProcessName { try #require(ProcessName("web")) }

    static func instance(
        _ name: String, _ release: Int, health: String = "ready", state: String = "running",
        message: String = ""
    ) throws -> InstanceStatus {
        InstanceStatus(
            id: try #require(ContainerID("0123456789abcdef")), name: name, process: try web(),
            release: try #require(ReleaseNumber(release)), state: state, health: health,
            healthSinceSeconds: 38,
            restarts: health == "ready" ? 0 : 3, address: "172.20.0.12", message: message)
    }

    /// One app for each verdict.
    static func apps() throws -> [AppStatus] {
        let invalid = Diagnostic(
            code: "unknown_key", message: "unknown key 'prot'; did you mean 'port'?",
            path: "apps/legacy.yaml", line: 3,
            column: 1)
        return [
            try app("catalog", .converged, wanted: release(12, "2"), running: release(12, "2")),
            try shop(),
            try app(
                "mail", .rolledBack, wanted: release(8, "8"), running: release(7, "7"), ready: 1, want: 1,
                since: 360,
                because: [
                    Blocker(
                        cause: .rolledBack, object: "v8", message: "v8 web exited 1 ×3 in 12 s",
                        sinceSeconds: 360),
                    Blocker(
                        cause: .quarantined, object: "v8",
                        message: "v8 is not started again until its spec changes",
                        command: "slipway retry mail")
                ]),
            try app(
                "admin", .held, wanted: nil, running: release(3, "3"), ready: 1, want: 1, since: 3_600,
                because: [
                    Blocker(
                        cause: .deletionBrake, object: "admin",
                        message: "4444444 removes 3 of 6 apps (brake 20 %)",
                        command: "slipway approve 4444444")
                ]),
            try app(
                "search", .waiting, wanted: release(nil, "5"), ready: 0, want: 1, since: 20,
                because: [
                    Blocker(
                        cause: .dependency, object: "shop", message: "waits until shop is converged",
                        command: "slipway why shop")
                ]),
            try app(
                "legacy", .invalid, wanted: nil, running: release(1, "1"), since: 90, diagnostics: [invalid]),
            try app(
                "batch", .unplaceable, wanted: release(2, "6"), running: release(1, "1"), ready: 0, want: 9,
                since: 61,
                because: [
                    Blocker(
                        cause: .policy, object: "batch", message: "no host has 64 GB of memory",
                        nextAttemptInSeconds: 75)
                ]),
            try app("lost", .unknown, wanted: release(2, "9"), running: release(2, "9"), ready: 0, since: 5),
            try app(
                "chat", .degraded, phase: "repairing", wanted: release(4, "4"), running: release(4, "4"),
                ready: 1,
                since: 12,
                because: [
                    Blocker(
                        cause: .exited, object: "chat-web-v4-2", message: "chat-web-v4-2 exited 137",
                        sinceSeconds: 12)
                ])
        ]
    }

    /// In the middle of a rollout.
    static func shop() throws -> AppStatus {
        try app(
            "shop", .progressing, phase: "rolling", wanted: release(42, "b"), running: release(41, "a"),
            ready: 3,
            want: 3,
            rollout: RolloutStatus(
                strategy: .rolling, from: ReleaseNumber(41), to: ReleaseNumber(42), step: 2, steps: 3,
                provenPercent: 33,
                deadlineInSeconds: 490),
            since: 40,
            because: [
                Blocker(
                    cause: .bake, object: "shop-web-v42-2",
                    message: "shop-web-v42-2 must stay healthy for 10s",
                    sinceSeconds: 4, nextAttemptInSeconds: 6)
            ],
            instances: [
                instance("shop-web-v42-1", 42), instance("shop-web-v42-2", 42, health: "starting"),
                instance("shop-web-v41-2", 41),
                instance("shop-web-v41-3", 41, health: "unhealthy", message: "GET /health answered 500")
            ])
    }

    /// In the middle of a canary that bakes, without an edge.
    static func canary() throws -> AppStatus {
        var app = try shop()
        app.phase = "canary"
        app.rollout = RolloutStatus(
            strategy: .canary, from: ReleaseNumber(41), to: ReleaseNumber(42), step: 2, steps: 4,
            provenPercent: 33, deadlineInSeconds: 490, weightPercent: 25, weightKind: .instances,
            nextInSeconds: 20)
        app.because = [
            Blocker(
                cause: .bake, object: "v42", message: "step 2 of 4, baking", sinceSeconds: 40,
                nextAttemptInSeconds: 20)
        ]
        app.instances = [
            try instance("shop-web-v42-1", 42), try instance("shop-web-v41-1", 41),
            try instance("shop-web-v41-2", 41), try instance("shop-web-v41-3", 41)
        ]
        return app
    }

    /// Strategies on their way, and what waits for a person.
    static func strategies() throws -> [AppStatus] {
        var routed = try canary()
        routed.name = try #require(AppName("routed"))
        routed.rollout?.weightKind = .traffic
        routed.rollout?.step = 4
        routed.rollout?.weightPercent = 100
        routed.because[0].message = "step 4 of 4, baking"
        var starting = try canary()
        starting.name = try #require(AppName("starting"))
        starting.rollout?.nextInSeconds = nil
        starting.because = [
            Blocker(
                cause: .starting, object: "shop-web-v42-2", message: "shop-web-v42-2 is starting",
                command: "slipway logs starting")
        ]
        var green = try canary()
        green.name = try #require(AppName("green"))
        green.phase = "blue_green"
        green.rollout?.strategy = .blueGreen
        green.rollout?.step = 1
        green.rollout?.steps = 2
        green.rollout?.weightPercent = 0
        green.rollout?.nextInSeconds = nil
        green.because = [Blocker(cause: .starting, object: "v42", message: "v42 is being started")]
        var waiting = try canary()
        waiting.name = try #require(AppName("waiting"))
        waiting.verdict = .held
        waiting.rollout?.nextInSeconds = nil
        waiting.rollout?.deadlineInSeconds = nil
        waiting.rollout?.step = 3
        waiting.rollout?.weightPercent = 50
        waiting.because = [
            Blocker(
                cause: .approval, object: "v42", message: "v42 is proven and waits to be promoted",
                sinceSeconds: 40, command: "slipway promote waiting")
        ]
        let asking = try app(
            "asking", .held, wanted: release(nil, "5"), running: release(4, "4"), since: 20,
            because: [
                Blocker(
                    cause: .approval, object: "5555555",
                    message: "5555555 is deployed when a person approves it",
                    command: "slipway approve 5555555")
            ])
        return [try canary(), routed, starting, green, waiting, asking]
    }

    static func installation(
        _ apps: [AppStatus], verdict: Verdict, isReachable: Bool = true
    ) throws -> InstallationStatus {
        InstallationStatus(
            installation: try #require(InstallationName("main")), verdict: verdict, at: now,
            sources: [
                SourceStatus(
                    name: try #require(SourceName("main")), repository: "https://git.example.com/config.git",
                    branch: "main", path: "", commit: try commit("4", "shop: 1.5.0"),
                    fetchedAt: WallTime(secondsSince1970: now.secondsSince1970 - 4), diagnostics: [],
                    because: [])
            ], apps: apps,
            engine: EngineStatus(
                isReachable: isReachable, name: "docker", version: "20.10.24", apiVersion: "1.41",
                listedAt: now),
            because: isReachable
                ? []
                : [
                    Blocker(
                        cause: .engine, object: "engine", message: "the engine does not answer",
                        sinceSeconds: 9)
                ])
    }
}

/// Text that tries to take over the terminal.
let hostile = "\u{1B}[2Jred\u{1B}]0;owned\u{07}\r\n\u{9B}31m\u{202E}evil\u{0}"
