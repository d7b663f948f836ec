internal import Model

/// The stories whose every boundary a controller is killed at.
public enum Scenarios {
    public static let all: [Scenario] = rollouts + strategies + groups + people + world + clock

    public static func named(_ name: String) -> Scenario? { all.first { $0.name == name } }

    static let shop = AppText()
    static let edgeShop = AppText(hasDomain: true)

    static func beat(
        _ moment: Scenario.Moment, after delay: TimeSpan = .zero, _ act: Scenario.Act
    )
        -> Scenario.Beat
    {
        Scenario.Beat(moment: moment, delay: delay, act: act)
    }

    /// Once `tag` is proven, `next` is pushed.
    static func push(_ next: AppText, after tag: String, _ subject: String) -> Scenario.Beat {
        beat(.proven(next.name, tag), after: .seconds(5), .push([next], subject))
    }

    // MARK: Rollouts

    private static let rollouts = [
        Scenario(
            "first-deploy", "An app with two processes is deployed for the first time.",
            first: [shop.with { $0.worker = 1 }], [],
            end: [
                "shop history: v1 succeeded", "shop: converged, v1 1-good, web 2, worker 1"
            ]),
        Scenario(
            "rolling", "A new image of an app with two processes takes over, one instance after the other.",
            first: [shop.with { $0.worker = 1 }],
            [
                push(
                    shop.with {
                        $0.tag = "2-good"
                        $0.worker = 1
                    }, after: "1-good", "version 2")
            ],
            end: [
                "shop history: v1 succeeded, v2 succeeded",
                "shop: converged, v2 2-good, web 2, worker 1"
            ]),
        Scenario(
            "rolling-edge",
            "The same behind the edge: the old instances are drained before they are stopped.",
            hasEdge: true, first: [edgeShop],
            [push(edgeShop.with { $0.tag = "2-good" }, after: "1-good", "version 2")],
            end: [
                "route shop/web: v2 ×2 100 %",
                "shop history: v1 succeeded, v2 succeeded",
                "shop: converged, v2 2-good, web 2"
            ]),
        Scenario(
            "bad-release", "A release that never becomes healthy is rolled back and kept out.",
            first: [shop], [push(shop.with { $0.tag = "2-crash" }, after: "1-good", "version 2")],
            end: [
                "shop history: v1 succeeded, v2 rolled_back",
                "shop: rolled_back, v1 1-good, web 2, quarantined v2"
            ]),
        Scenario(
            "release-command", "A release runs its command before anything of the app changes.",
            first: [shop.with { $0.command = "exit0" }],
            [
                push(
                    shop.with {
                        $0.tag = "2-good"
                        $0.command = "exit0"
                    }, after: "1-good", "version 2")
            ],
            end: [
                "job shop v1 exited 0", "job shop v2 exited 0", "shop history: v1 succeeded, v2 succeeded",
                "shop: converged, v2 2-good, web 2"
            ]),
        Scenario(
            "bad-release-command",
            "The command of a release fails: the old release stays, and the new one out.",
            first: [shop],
            [
                push(
                    shop.with {
                        $0.tag = "2-good"
                        $0.command = "crash"
                    }, after: "1-good", "version 2")
            ],
            end: [
                "job shop v2 exited 1", "shop history: v1 succeeded, v2 rolled_back",
                "shop: rolled_back, v1 1-good, web 2, quarantined v2"
            ]),
        Scenario(
            "bad-first", "The first release of an app is bad: there is nothing to go back to.",
            first: [shop.with { $0.tag = "1-sick" }], [],
            end: ["shop history: v1 held", "shop: held, quarantined v1"]),
        Scenario(
            "recreate", "All old instances are stopped before a new one starts.",
            first: [shop.with { $0.deploy = ["strategy: recreate"] }],
            [
                push(
                    shop.with {
                        $0.tag = "2-good"
                        $0.deploy = ["strategy: recreate"]
                    }, after: "1-good", "version 2")
            ],
            end: [
                "shop history: v1 succeeded, v2 succeeded",
                "shop: converged, v2 2-good, web 2"
            ]),
        Scenario(
            "single-writer",
            "A bad release of an app that alone may write to its volume; the old one comes back.",
            first: [
                shop.with {
                    $0.web = 1
                    $0.isSingleWriter = true
                }
            ],
            [
                push(
                    shop.with {
                        $0.web = 1
                        $0.isSingleWriter = true
                        $0.tag = "2-oom"
                    }, after: "1-good", "version 2")
            ],
            end: [
                "volume shop-data", "shop history: v1 succeeded, v2 rolled_back",
                "shop: rolled_back, v1 1-good, web 1, quarantined v2"
            ]),
        Scenario(
            "supersede", "A newer commit comes in the middle of a rollout.",
            first: [
                shop.with {
                    $0.web = 3
                    $0.minHealthyTime = 20
                }
            ],
            [
                push(
                    shop.with {
                        $0.tag = "2-good"
                        $0.web = 3
                        $0.minHealthyTime = 20
                    }, after: "1-good", "version 2"),
                beat(
                    .runs("shop", "2-good"),
                    .push(
                        [
                            shop.with {
                                $0.tag = "3-good"
                                $0.web = 3
                                $0.minHealthyTime = 20
                            }
                        ], "version 3"))
            ],
            end: [
                "shop history: v1 succeeded, v2 superseded, v3 succeeded",
                "shop: converged, v3 3-good, web 3"
            ]),
        Scenario(
            "scale", "Only the number of instances changes: up, and down again below where it was.",
            first: [shop],
            [
                beat(
                    .proven("shop", "1-good"), after: .seconds(5),
                    .push([shop.with { $0.web = 4 }], "scale up")),
                beat(
                    .ready("shop", "1-good", 4), after: .seconds(20),
                    .push([shop.with { $0.web = 1 }], "scale down"))
            ],
            end: [
                "shop history: v1 succeeded, v2 succeeded, v3 succeeded",
                "shop: converged, v3 1-good, web 1"
            ]),
        Scenario(
            "failed-launch", "The containers of a release can be made and not be started.",
            first: [shop], [push(shop.with { $0.tag = "2-nostart" }, after: "1-good", "version 2")],
            end: [
                "shop history: v1 succeeded, v2 rolled_back",
                "shop: rolled_back, v1 1-good, web 2, quarantined v2"
            ])
    ]
}
