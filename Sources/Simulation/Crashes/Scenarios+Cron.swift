internal import Model
internal import Ports

extension Scenarios {
    /// What the clock brings about.
    static let clock = [
        Scenario(
            "cron", "A command is run by the clock, twice, and once more it fails and is tried again.",
            first: [
                shop.with {
                    $0.cron = [
                        "{name: work, schedule: \"15,16 22 14 11 *\", command: [bin/work, exit0], overlap: allow}",
                        "{name: fail, schedule: \"15 22 14 11 *\", command: [bin/work, crash], retries: 1}"
                    ]
                }
            ],
            [beat(.cronIsOver("shop", at: 16), .push([shop.with { $0.cron = [] }], "nothing by the clock"))],
            end: ["shop history: v1 succeeded, v2 succeeded", "shop: converged, v2 1-good, web 2"])
    ]
}

extension Scenario.Moment {
    /// Minute `minute` of the first hour of the simulated world was decided on, and nothing is under way any more.
    static func cronIsOver(_ app: String, at minute: Int64) -> Self {
        Self { world in
            guard let app = AppName(app), let cron = world.stored.apps[app]?.cron, cron.count == 2 else {
                return false
            }
            // 14 November 2023, 22:00.
            let due = WallTime(secondsSince1970: 1_699_999_200 + minute * 60)
            return cron.values.contains { $0.considered >= due } && cron.values.allSatisfy { $0.runs.isEmpty }
                && runs(app, world, "work", 2) && runs(app, world, "fail", 2)
        }
    }

    /// So many containers of an entry have ended.
    private static func runs(_ app: AppName, _ world: WorldTruth, _ entry: String, _ count: Int) -> Bool {
        world.jobs.values.count { job in
            guard case .exited = job.observed.state else { return false }
            return job.observed.labels.app == app && job.observed.labels.process.rawValue == entry
        } == count
    }
}
