@testable import EdgeProxy
import FoundationEssentials
import Model
import Ports
import Testing

@Suite struct EdgePureTests {
    // MARK: Weights

    /// Every split of two releases over up to six instances each, in whole per cent.
    @Test func `shares are exact wherever weights can say them`() {
        for old in 1...6 {
            for new in 1...6 {
                for share in 0...100 {
                    let counts = [release(1): old, release(2): new]
                    let weights = Weights.of(counts, split: [release(1): 100 - share, release(2): share])
                    let one = weights[release(1)] ?? -1, two = weights[release(2)] ?? -1
                    #expect((0...256).contains(one) && (0...256).contains(two))
                    #expect((one == 0) == (share == 100) && (two == 0) == (share == 0))
                    let total = one * old + two * new
                    let exact = two * new * 100 == share * total
                    // The smallest whole numbers with that proportion.
                    let parts = ((100 - share) * new, share * old)
                    let divisor = greatestCommonDivisor(parts.0, parts.1)
                    if max(parts.0, parts.1) / max(1, divisor) <= 256 {
                        #expect(exact, "\(old) and \(new) at \(share) %: \(one), \(two)")
                    } else {
                        #expect(abs(Double(two * new) / Double(total) - Double(share) / 100) < 0.015)
                    }
                }
            }
        }
    }

    private func greatestCommonDivisor(_ left: Int, _ right: Int) -> Int {
        right == 0 ? left : greatestCommonDivisor(right, left % right)
    }

    @Test func `without a split all are equal, and what is not there gets nothing`() {
        #expect(Weights.of([release(1): 2, release(2): 1], split: nil) == [release(1): 1, release(2): 1])
        #expect(Weights.of([release(1): 2], split: [release(1): 0, release(2): 100]) == [release(1): 0])
        #expect(
            Weights.of([release(1): 0, release(2): 3], split: [release(1): 50, release(2): 50])[release(2)]
                == 1)
    }

    // MARK: Hostile strings

    private static let hostile = [
        "", " ", "a b", "a\nb", "a;b", "a#b", "a'b", "a\"b", "a\\b", "a{b", "a}b", "a$b", "a`b", "a\0b",
        "a\tb", "é",
        "%[src]", "\u{2028}", "a,b\n    server x 1.2.3.4:5", String(repeating: "a", count: 5_000)
    ]

    private func isRefused(_ route: Route) -> Bool {
        do throws(EdgeError) {
            try RouteValidation.check(route)
            return false
        } catch {
            return error.code == .refused && error.message.utf8.count < 400
                && !error.message.utf8.contains { $0 < 0x20 }
        }
    }

    @Test(arguments: Self.hostile)
    func `nothing hostile gets through`(text: String) {
        let good = route([target("a", 1, port: 80)])
        #expect(!isRefused(good))
        func changed(_ change: (inout Route) -> Void) -> Route {
            var route = good
            change(&route)
            return route
        }
        #expect(isRefused(changed { $0.domains[0].host = text }))
        #expect(isRefused(changed { $0.domains[0].host = "*." + text }))
        #expect(isRefused(changed { $0.domains[0].redirect = text }))
        #expect(isRefused(changed { $0.targets[0].name = text }))
        #expect(isRefused(changed { $0.targets[0].address = text }))
        #expect(isRefused(changed { $0.trial = .init(match: TrialMatch(part: .header, name: text)) }))
        #expect(
            isRefused(changed { $0.trial = .init(match: TrialMatch(part: .cookie, name: "a", value: text)) }))
        #expect(isRefused(changed { $0.trial = .init(host: text) }))
        #expect(isRefused(changed { $0.options.allow = [text] }))
        #expect(isRefused(changed { $0.options.allow = ["10.0.0.0/" + text] }))
        #expect(isRefused(changed { $0.options.users = [EdgeUser(name: text, passwordHash: "$5$a$b")] }))
        #expect(isRefused(changed { $0.options.users = [EdgeUser(name: "a", passwordHash: text)] }))
        if !text.isEmpty, !text.hasPrefix("%") {
            #expect(isRefused(changed { $0.domains[0].path = "/" + text }))
            guard text != "a$b" else { return }
            #expect(
                isRefused(changed { $0.options.users = [EdgeUser(name: "a", passwordHash: "$5$" + text)] }))
        }
    }

    @Test func `numbers out of range are refused`() {
        for options in [
            EdgeSpec(timeout: .zero), EdgeSpec(tunnelTimeout: .minutes(100_000)),
            EdgeSpec(maxBodyInBytes: -1),
            EdgeSpec(maxRequests: 0), EdgeSpec(rateLimit: .max),
            EdgeSpec(
                maintenancePage: PageSpec(source: "x", content: FileContent(Data(count: 100_000))))
        ] {
            #expect(isRefused(route([], options: options)))
        }
        #expect(isRefused(route([target("a", 1, port: 0)])))
        #expect(isRefused(route([target("a", 1, port: 70_000)])))
        #expect(isRefused(route([target("a", 1, port: 1), target("a", 1, port: 2)])))
        #expect(isRefused(route([], split: [release(1): 101])))
        for address in ["1.2.3", "1.2.3.4:5", "localhost", "::g", "[::1]"] {
            var wrong = target("a", 1, port: 1)
            wrong.address = address
            #expect(isRefused(route([wrong])))
        }
    }

    // MARK: Answers

    @Test func `answers of several commands are told apart`() {
        #expect(
            RuntimeCalls.split("New server registered.\n\n\n\nNo such server.\n\n") == [
                "New server registered.", "", "", "No such server."
            ])
        #expect(RuntimeCalls.split("") == [])
        #expect(RuntimeCalls.split("half") == [])
    }

    @Test func `the master names its workers`() {
        let text = """
            #<PID>          <type>          <reloads>       <uptime>        <version>
            1162            master          5 [failed: 2]   0d00h02m07s     2.6.12
            # workers
            1271            worker          1               0d00h00m00s     2.6.12
            # old workers
            1233            worker          3               0d00h00m43s     2.6.12
            # programs

            """
        let view = RuntimeAnswers.processes(text)
        #expect(
            view == .init(process: 1162, failedReloads: 2, workers: [1271], oldWorkers: [1233]))
        #expect(RuntimeAnswers.processes("") == nil)
    }

    @Test func `answers that make no sense are nothing`() {
        for text in ["", "\n\n", "# be_id\n1 2 3\n", "x,y\n", "# pxname,svname\na,b\n", "1 2 3 4 5 6 7 8 9"] {
            #expect(RuntimeAnswers.servers(Array(text.utf8)) == [])
            #expect(RuntimeAnswers.counters(Array(text.utf8)) == [])
            #expect(RuntimeAnswers.map(Array(text.utf8)) == [:])
        }
        #expect(LogLine("a\tb") == nil)
    }

    // MARK: Differences

    @Test func `a backend that is as wanted needs nothing, and any other ends there`() {
        let options = ServerOptions(EdgeSpec())
        let wanted = [
            WantedServer(name: "a", address: "10.0.0.1", port: 80, weight: 3, isOut: false),
            WantedServer(name: "b", address: "10.0.0.2", port: 80, weight: 1, isOut: true)
        ]
        func live(_ server: WantedServer, _ change: (inout LiveServer) -> Void = { _ in }) -> LiveServer {
            var live = LiveServer(
                backend: "x.y", name: server.name, address: server.address, port: server.port,
                weight: server.weight, isOut: server.isOut, isDraining: false)
            change(&live)
            return live
        }
        func commands(_ servers: [LiveServer]) -> [String] {
            Reconciler.changes(
                backend: "x.y", wanted: wanted, live: servers, options: options, cookieKey: nil
            ).commands.map(\.text)
        }
        #expect(commands(wanted.map { live($0) }) == [])
        #expect(
            commands([live(wanted[0]) { $0.weight = 4 }, live(wanted[1])]) == ["set server x.y/a weight 3"])
        #expect(
            commands([live(wanted[0]) { $0.isDraining = true }, live(wanted[1]) { $0.isOut = false }]) == [
                "set server x.y/a state ready", "set server x.y/b state maint"
            ])
        // Who comes in comes before anybody leaves.
        let stranger = live(WantedServer(name: "c", address: "10.0.0.3", port: 80, weight: 1, isOut: false))
        #expect(
            commands([stranger, live(wanted[1])]) == [
                "add server x.y/a 10.0.0.1:80 weight 3 \(options.text)", "enable health x.y/a",
                "enable server x.y/a", "set server x.y/c state maint"
            ])
    }

    // MARK: Figures

    @Test func `counters of workers become figures that only rise`() {
        var book = FigureBook()
        book.learn(route([target("a", 1, port: 1), target("b", 2, port: 1)], trial: .init()))
        func row(_ server: String, _ requests: Int64, _ errors: Int64, trial: Bool = false) -> ServerCounters
        {
            ServerCounters(
                backend: trial ? "shop.web.trial" : "shop.web", server: server, sessions: 0,
                requests: requests,
                errors: errors)
        }
        book.add([row("a", 10, 1), row("b", 5, 0), row("b", 2, 2, trial: true), row("x", 9, 9)], worker: 1)
        book.add([row("a", 12, 1)], worker: 1)
        // A new worker counts from zero while the old one finishes.
        book.add([row("a", 3, 3)], worker: 2)
        book.add([row("a", 13, 1)], worker: 1)
        book.keep(workers: [2])
        book.add([row("a", 4, 3)], worker: 2)
        #expect(book[shop][release(1)] == TrafficFigures(requests: 17, errors: 4))
        #expect(book[shop][release(2)] == TrafficFigures(requests: 7, errors: 2))
        // The same name again, from zero.
        book.add([row("a", 1, 0)], worker: 2)
        #expect(book[shop][release(1)]?.requests == 18)
        book.forget(shop)
        #expect(book[shop] == [:])
    }

    @Test func `what was counted before our time does not count`() {
        var book = FigureBook()
        book.learn(route([target("a", 1, port: 1)]))
        func row(_ requests: Int64) -> ServerCounters {
            ServerCounters(backend: "shop.web", server: "a", sessions: 0, requests: requests, errors: 0)
        }
        book.begin([row(100)], worker: 1)
        book.add([row(103)], worker: 1)
        #expect(book[shop][release(1)]?.requests == 3)
    }

    // MARK: Text

    @Test(arguments: [
        ([":80"], ""), (["[::]:80"], ""), ([":80", "[::]:80"], " v6only"), ([":81", "[::]:80"], "")
    ])
    func `both families can be listed with one port`(addresses: [String], suffix: String) {
        let configuration = EdgeConfiguration(directory: "/edge", httpAddresses: addresses)
        let files = ProxyFiles(configuration, layout: EdgeLayout(root: "/edge"))
        let text = files.text(ProxyFrame()).frontends()
        for address in addresses {
            #expect(text.contains("    bind \(address)\(address.hasPrefix("[") ? suffix : "")\n"))
        }
    }

    @Test func `the configuration of a process with everything`() {
        let configuration = EdgeConfiguration(
            directory: "/edge", httpAddresses: [":80"], httpsAddresses: [":443"],
            internalAddress: "172.17.0.1:80", challengeAddress: "127.0.0.1:5002")
        let files = ProxyFiles(configuration, layout: EdgeLayout(root: "/edge"))
        var everything = route(
            [
                target("shop-web-v1-1", 1, port: 8_080),
                target("shop-web-v2-1", 2, port: 8_080, draining: true)
            ],
            options: EdgeSpec(
                backendProtocol: .http2, timeout: .seconds(10), tunnelTimeout: .minutes(5),
                maxBodyInBytes: 1_000,
                maxRequests: 50, rateLimit: 9, sticky: true,
                users: [EdgeUser(name: "ann", passwordHash: "$5$a$b")], allow: ["10.0.0.0/8"],
                isInternal: true,
                maintenancePage: PageSpec(source: "down.html", content: FileContent(Data()))),
            trial: .init(match: TrialMatch(part: .header, name: "X-New"), release: release(2)))
        everything.domains.append(DomainSpec(host: "old.test", path: "/a/", redirect: "shop.example.com"))
        var state = EdgeState()
        state.cookieKey = "key"
        state.set(everything)
        let frame = ProxyFrame(state.routes.values)
        let structure = files.structure(everything, state, frame)
        let server = ServerOptions(everything.options).text
        #expect(
            structure.text(everything) == """

                userlist users.shop.web
                    user ann password '$5$a$b'

                backend shop.web
                    stick-table type ipv6 size 100k expire 10s store http_req_rate(1s)
                    http-request track-sc0 src table shop.web if !{ fe_name -m str inside }
                    http-request return status 429 content-type "text/plain; charset=utf-8" string "Too many \
                requests. Try again in a moment.\\n" hdr Retry-After 1 if { sc_http_req_rate(0) gt 9 }
                    acl is_allowed src 10.0.0.0/8
                    http-request return status 403 content-type "text/plain; charset=utf-8" string "Your address \
                may not enter here.\\n" if !is_allowed !{ fe_name -m str inside }
                    acl is_read method GET HEAD
                    http-request redirect location https://%[var(txn.host)]%[pathq] code 301 if is_read !{ ssl_fc \
                } !{ fe_name -m str inside }
                    http-request redirect location https://%[var(txn.host)]%[pathq] code 308 if !is_read !{ \
                ssl_fc } !{ fe_name -m str inside }
                    http-request auth realm shop if !{ http_auth(users.shop.web) } !{ fe_name -m str inside }
                    http-request return status 413 content-type "text/plain; charset=utf-8" string "The body of \
                the request is too large.\\n" if { req.hdr_val(content-length) gt 1000 }
                    timeout server 10000ms
                    timeout tunnel 300000ms
                    timeout queue 10000ms
                    http-request set-timeout server 300000ms if { req.hdr(accept) -m sub text/event-stream }
                    cookie slipway-shop-web insert indirect nocache httponly secure dynamic
                    dynamic-cookie-key key
                    http-error status 503 content-type "text/html; charset=utf-8" file /edge/pages/shop.web hdr \
                Retry-After 5
                    server shop-web-v1-1 127.0.0.1:8080 weight 1 \(server)
                    server shop-web-v2-1 127.0.0.1:8080 weight 1 \(server) disabled

                """ + trialText(server))
        let maps = files.maps(state, frame)
        #expect(
            maps.text(.hosts) == "old.test/a/ >https://shop.example.com\nshop.example.com/ shop.web\n")
        #expect(maps.text(.inside) == "shop.internal/ shop.web\nweb.shop.internal/ shop.web\n")
        #expect(maps.text(.trials) == "shop.web 0=\n")
    }

    /// The same rules but for the table of addresses, which both share.
    private func trialText(_ server: String) -> String {
        """

        backend shop.web.trial
            http-request track-sc0 src table shop.web if !{ fe_name -m str inside }
            http-request return status 429 content-type "text/plain; charset=utf-8" string "Too many requests. Try \
        again in a moment.\\n" hdr Retry-After 1 if { sc_http_req_rate(0) gt 9 }
            acl is_allowed src 10.0.0.0/8
            http-request return status 403 content-type "text/plain; charset=utf-8" string "Your address may not \
        enter here.\\n" if !is_allowed !{ fe_name -m str inside }
            acl is_read method GET HEAD
            http-request redirect location https://%[var(txn.host)]%[pathq] code 301 if is_read !{ ssl_fc } !{ \
        fe_name -m str inside }
            http-request redirect location https://%[var(txn.host)]%[pathq] code 308 if !is_read !{ ssl_fc } !{ \
        fe_name -m str inside }
            http-request auth realm shop if !{ http_auth(users.shop.web) } !{ fe_name -m str inside }
            http-request return status 413 content-type "text/plain; charset=utf-8" string "The body of the request \
        is too large.\\n" if { req.hdr_val(content-length) gt 1000 }
            timeout server 10000ms
            timeout tunnel 300000ms
            timeout queue 10000ms
            http-request set-timeout server 300000ms if { req.hdr(accept) -m sub text/event-stream }
            cookie slipway-shop-web-trial insert indirect nocache httponly secure dynamic
            dynamic-cookie-key key
            http-error status 503 content-type "text/html; charset=utf-8" file /edge/pages/shop.web hdr Retry-After 5
            server shop-web-v2-1 127.0.0.1:8080 weight 1 \(server) disabled

        """
    }
}
