internal import Model
internal import Ports

extension Scenarios {
    private static let canary = ["strategy: canary", "steps: [25%, 50%, 100%]", "bake: 5s"]
    private static let blueGreen = ["strategy: blue_green", "approval: before_promote"]

    static let strategies = [
        Scenario(
            "canary", "A canary goes through all its steps behind the edge.", hasEdge: true,
            first: [
                edgeShop.with {
                    $0.web = 4
                    $0.deploy = canary
                }
            ],
            [
                push(
                    edgeShop.with {
                        $0.web = 4
                        $0.deploy = canary
                        $0.tag = "2-good"
                    }, after: "1-good", "version 2")
            ],
            end: [
                "route shop/web: v2 ×4 100 %",
                "shop history: v1 succeeded, v2 succeeded",
                "shop: converged, v2 2-good, web 4"
            ]),
        Scenario(
            "bad-canary", "A canary that answers with errors is found out by its analysis.", hasEdge: true,
            first: [
                edgeShop.with {
                    $0.web = 4
                    $0.deploy = canary + analysis
                }
            ],
            [
                push(
                    edgeShop.with {
                        $0.web = 4
                        $0.deploy = canary + analysis
                        $0.tag = "2-errors"
                    }, after: "1-good", "version 2")
            ],
            end: [
                "route shop/web: v1 ×4 100 %",
                "shop history: v1 succeeded, v2 rolled_back",
                "shop: rolled_back, v1 1-good, web 4, quarantined v2"
            ]),
        Scenario(
            "blue-green",
            "A switch waits for approval, is promoted, and somebody goes back within the kept minute.",
            hasEdge: true, first: [edgeShop.with { $0.deploy = blueGreen }],
            [
                push(
                    edgeShop.with {
                        $0.deploy = blueGreen
                        $0.tag = "2-good"
                    }, after: "1-good", "version 2"),
                beat(
                    .waitsForPerson("shop"), after: .seconds(8),
                    .ask(.approve, "shop", until: .letGoOn("shop"))),
                beat(
                    .proven("shop", "2-good"), after: .seconds(10),
                    .ask(.rollback, "shop", until: .pinned("shop")))
            ],
            end: [
                "route shop/web: v1 ×2 100 %",
                "shop history: v1 succeeded, v2 succeeded, v1 succeeded",
                "shop: held, v1 1-good, web 2, pinned to v1"
            ])
    ]

    private static let analysis = ["analysis:", "  - {metric: error_rate, max: 5%, min_requests: 20}"]

    private static let mates = ["mail", "shop"].map { name in
        shop.with {
            $0.name = name
            $0.group = "suite"
        }
    }

    static let groups = [
        Scenario(
            "group", "Two apps of a release group are promoted together.", first: mates,
            [
                beat(
                    .and(.proven("mail", "1-good"), .proven("shop", "1-good")), after: .seconds(5),
                    .push(mates.map { $0.with { $0.tag = "2-good" } }, "version 2 of both"))
            ],
            end: [
                "mail history: v1 succeeded, v2 succeeded",
                "mail: converged, v2 2-good, web 2", "shop history: v1 succeeded, v2 succeeded",
                "shop: converged, v2 2-good, web 2"
            ]),
        Scenario(
            "group-back", "One app of a release group fails, and both go back.", first: mates,
            [
                beat(
                    .and(.proven("mail", "1-good"), .proven("shop", "1-good")), after: .seconds(5),
                    .push(
                        [
                            mates[0].with { $0.tag = "2-good" }, mates[1].with { $0.tag = "2-crash" }
                        ], "version 2 of both"))
            ],
            end: [
                "mail history: v1 succeeded, v2 rolled_back",
                "mail: rolled_back, v1 1-good, web 2, quarantined v2",
                "shop history: v1 succeeded, v2 rolled_back",
                "shop: rolled_back, v1 1-good, web 2, quarantined v2"
            ])
    ]

    static let people = [
        Scenario(
            "removal", "One of three apps is taken out of git.",
            first: ["blog", "mail", "shop"].map { name in shop.with { $0.name = name } },
            [
                beat(
                    .and(
                        .and(.proven("mail", "1-good"), .proven("shop", "1-good")),
                        .proven("blog", "1-good")), after: .seconds(5),
                    .push(["blog", "shop"].map { name in shop.with { $0.name = name } }, "no mail"))
            ],
            end: [
                "blog history: v1 succeeded",
                "blog: converged, v1 1-good, web 2",
                "mail history: v1 succeeded",
                "shop history: v1 succeeded",
                "shop: converged, v1 1-good, web 2"
            ]),
        Scenario(
            "abort", "Somebody aborts a rollout in the middle.", first: [shop.with { $0.web = 3 }],
            [
                push(
                    shop.with {
                        $0.tag = "2-good"
                        $0.web = 3
                    }, after: "1-good", "version 2"),
                beat(
                    .ready("shop", "2-good"),
                    .ask(.abort, "shop", until: .quarantined("shop")))
            ],
            end: [
                "shop history: v1 succeeded, v2 aborted",
                "shop: rolled_back, v1 1-good, web 3, quarantined v2"
            ]),
        Scenario(
            "pause", "Somebody pauses a rollout, and lets it go on later.", first: [shop.with { $0.web = 3 }],
            [
                push(
                    shop.with {
                        $0.tag = "2-good"
                        $0.web = 3
                    }, after: "1-good", "version 2"),
                beat(
                    .runs("shop", "2-good"),
                    .ask(.pause, "shop", until: .paused("shop"))),
                beat(
                    .paused("shop"), after: .seconds(20),
                    .resume("shop", until: .paused("shop", false)))
            ],
            end: [
                "shop history: v1 succeeded, v2 succeeded",
                "shop: converged, v2 2-good, web 3"
            ]),
        Scenario(
            "move-path", "An app moves to another file.", first: [shop, shop.with { $0.name = "blog" }],
            [
                beat(
                    .and(.proven("blog", "1-good"), .proven("shop", "1-good")), after: .seconds(5),
                    .push([shop.with { $0.folder = "other" }, shop.with { $0.name = "blog" }], "move"))
            ],
            end: [
                "blog history: v1 succeeded",
                "blog: converged, v1 1-good, web 2",
                "shop history: v1 succeeded",
                "shop: converged, v1 1-good, web 2, in other/shop.yaml of main"
            ]),
        Scenario(
            "move-source", "An app moves to another source, with a new image.", folders: ["apps", "other"],
            first: [
                shop, shop.with { $0.name = "blog" },
                shop.with {
                    $0.name = "mail"
                    $0.folder = "other"
                }
            ],
            [
                beat(
                    .and(.proven("blog", "1-good"), .proven("shop", "1-good")), after: .seconds(5),
                    .push(
                        [
                            shop.with {
                                $0.folder = "other"
                                $0.tag = "2-good"
                            },
                            shop.with { $0.name = "blog" },
                            shop.with {
                                $0.name = "mail"
                                $0.folder = "other"
                            }
                        ], "move"))
            ],
            end: [
                "blog history: v1 succeeded",
                "blog: converged, v1 1-good, web 2",
                "mail history: v1 succeeded",
                "mail: converged, v1 1-good, web 2, in other/mail.yaml of other",
                "shop history: v1 succeeded, v2 succeeded",
                "shop: converged, v2 2-good, web 2, in other/shop.yaml of other"
            ])
    ]

    static let world = [
        Scenario(
            "drift",
            "Somebody kills a container, changes the limits of one, takes one off its network, removes one.",
            first: [shop.with { $0.cpus = "0.5" }],
            [
                beat(.proven("shop", "1-good"), after: .seconds(20), .strike(.hand(.stop))),
                beat(.ready("shop", "1-good", 2), after: .seconds(20), .strike(.hand(.limit))),
                beat(.ready("shop", "1-good", 2), after: .seconds(20), .strike(.hand(.disconnect))),
                beat(.ready("shop", "1-good", 2), after: .seconds(20), .strike(.hand(.rename))),
                beat(.ready("shop", "1-good", 2), after: .seconds(20), .strike(.hand(.remove)))
            ],
            end: [
                "shop history: v1 succeeded",
                "shop: converged, v1 1-good, web 2"
            ]),
        Scenario(
            "old-store",
            "The store of the day before, which knows version 1 only, is put back while git cannot be asked.",
            first: [shop],
            [
                beat(
                    .proven("shop", "1-good"), after: .seconds(120),
                    .push([shop.with { $0.tag = "2-good" }], "version 2")),
                beat(
                    .proven("shop", "2-good"), after: .seconds(30), .strike(.git(.unreachable, .seconds(60)))),
                beat(.atOnce, .strike(.storeOfYesterday))
            ],
            end: [
                "shop history: v1 succeeded, v2 succeeded",
                "shop: converged, v2 2-good, web 2"
            ]),
        Scenario(
            "engine-restart", "The engine restarts in the middle of a rollout.", first: [shop],
            [
                push(shop.with { $0.tag = "2-good" }, after: "1-good", "version 2"),
                beat(.ready("shop", "2-good"), .strike(.engineRestart(.seconds(12))))
            ],
            end: [
                "shop history: v1 succeeded, v2 succeeded",
                "shop: converged, v2 2-good, web 2"
            ])
    ]
}
