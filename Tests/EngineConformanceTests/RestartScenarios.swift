import Model

extension Scenario {
    static let restarts: [Scenario] =
        RestartPolicy.allCases.flatMap(restarts) + [
            Scenario("stop of a container that waits for its restart") { stage in
                let id = try await stage.launched("web", .exits(3), restart: .always)
                try await stage.wait(id, until: "restarting") {
                    $0.state == .restarting(code: 3, outOfMemory: false) && $0.restartCount > 1
                }
                await stage.stop(id)
                try await stage.waitForExit(id)
                try await stage.lookAtState(id)
                await stage.remove(id)
            },
            Scenario("start and removal of a container that waits for its restart") { stage in
                let id = try await stage.launched("web", .exits(3), restart: .always)
                try await stage.wait(id, until: "restarting") {
                    $0.state == .restarting(code: 3, outOfMemory: false) && $0.restartCount > 2
                }
                await stage.start(id)
                try await stage.wait(id, until: "restarting with its count kept") { $0.restartCount > 2 }
                await stage.remove(id)
                await stage.look(id)
            },
            Scenario("a start by hand forgets how often the engine has restarted it") { stage in
                let id = try await stage.launched("web", restart: .always)
                await stage.look(id)
                try await stage.endAndComeBack(id, code: 3)
                await stage.look(id)
                await stage.stop(id)
                await stage.look(id)
                await stage.start(id)
                await stage.look(id)
                try await stage.endAndComeBack(id, code: 3)
                await stage.restart(id)
                await stage.look(id)
            },
            Scenario("what runs out of memory says so, once") { stage in
                let id = try await stage.launched("web", memory: 32 << 20)
                try await stage.byHand(.outgrow, id)
                try await stage.waitForExit(id)
                await stage.look(id)
                await stage.start(id)
                await stage.look(id)
            }
        ]

    /// One program that ends well and one that fails, and a stop by hand, under one policy.
    private static func restarts(_ policy: RestartPolicy) -> [Scenario] {
        let comesBack = policy != .never
        return [
            Scenario("a process that fails under restart: \(policy.rawValue)") { stage in
                let id = try await stage.launched("web", restart: policy)
                await stage.look(id)
                if comesBack {
                    try await stage.endAndComeBack(id, code: 3)
                } else {
                    try await stage.byHand(.end(code: 3), id)
                    try await stage.waitForExit(id)
                }
                await stage.look(id)
            },
            Scenario("a process that ends well under restart: \(policy.rawValue)") { stage in
                let id = try await stage.launched("web", restart: policy)
                await stage.look(id)
                if comesBack && policy != .onFailure {
                    try await stage.endAndComeBack(id, code: 0)
                } else {
                    try await stage.byHand(.end(code: 0), id)
                    try await stage.waitForExit(id)
                }
                await stage.look(id)
            },
            Scenario("a process that fails at once under restart: \(policy.rawValue)") { stage in
                let id = try await stage.launched("web", .exits(3), restart: policy)
                if comesBack {
                    try await stage.wait(id, until: "restarting again and again") {
                        $0.state == .restarting(code: 3, outOfMemory: false) && $0.restartCount >= 3
                    }
                } else {
                    try await stage.waitForExit(id)
                    await stage.look(id)
                }
            },
            Scenario("a process that ends well at once under restart: \(policy.rawValue)") { stage in
                let id = try await stage.launched("web", .exits(0), restart: policy)
                if comesBack && policy != .onFailure {
                    try await stage.wait(id, until: "restarting again and again") {
                        $0.state == .restarting(code: 0, outOfMemory: false) && $0.restartCount >= 3
                    }
                } else {
                    try await stage.waitForExit(id)
                    await stage.look(id)
                }
            },
            Scenario("a container stopped by hand stays stopped under restart: \(policy.rawValue)") { stage in
                let id = try await stage.launched("web", restart: policy)
                await stage.look(id)
                try await stage.byHand(.stop, id)
                await stage.look(id)
                await stage.launch(try await stage.order("web", restart: policy))
                await stage.look(id)
            }
        ]
    }
}
