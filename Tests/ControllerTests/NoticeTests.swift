import Controller
import Model
import Ports
import Simulation
import Synchronization
import Testing

/// Notes what it is sent, or refuses it.
final class FakeChannel: NoticeChannel {
    let name: SourceName
    let kinds: Set<Notice.Kind>
    private let taken = Mutex<[Notice]>([])
    private let problem = Mutex<NoticeError?>(nil)
    private let tries = Mutex(0)

    init(_ name: String, kinds: Set<Notice.Kind> = Set(Notice.Kind.allCases)) {
        self.name = SourceName(name).required
        self.kinds = kinds
    }

    var notices: [Notice] { taken.withLock { $0 } }
    var attempts: Int { tries.withLock { $0 } }
    func fail(with error: NoticeError?) { problem.withLock { $0 = error } }

    func send(_ notice: Notice) async throws(NoticeError) {
        tries.withLock { $0 += 1 }
        if let problem = problem.withLock({ $0 }) { throw problem }
        taken.withLock { $0.append(notice) }
    }
}

/// An edge without routes that says of itself what a test sets.
final class ReportingEdge: Edge {
    private let said = Mutex(EdgeReport())
    func set(_ report: EdgeReport) { said.withLock { $0 = report } }
    func observe() async throws(EdgeError) -> [RouteKey: ObservedRoute] { [:] }
    func apply(_ route: Route) async throws(EdgeError) {}
    func remove(_ key: RouteKey) async throws(EdgeError) {}
    func report() async -> EdgeReport { said.withLock { $0 } }
}

@Suite struct NoticeTests {
    private func spec(_ version: String) -> [String: String] {
        ["shop.yaml": Workbench.spec("shop", image: "shop:\(version)")]
    }

    private func bench(
        _ channels: [FakeChannel], limit: Int = 30, after other: Workbench? = nil
    ) async throws -> Workbench {
        try await Workbench(
            store: other?.store ?? MemoryStore(), engine: other?.engine ?? FakeEngine(),
            repository: other?.repository ?? FakeRepository(), clock: other?.clock ?? ManualClock()
        ) {
            $0.channels = channels
            $0.noticeLimit = limit
        }
    }

    @Test func aBadReleaseIsToldOnceAndSoIsItsEnd() async throws {
        let channel = FakeChannel("ops")
        let bench = try await bench([channel])
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        #expect(channel.notices.isEmpty, "what goes as wanted is no news")
        bench.engine.setBehavior(.sick, forImagesContaining: "shop:2")
        bench.repository.commit(spec("2"))
        await bench.waitForVerdict(.rolledBack)
        await bench.pass(.minutes(3))
        #expect(channel.notices.map(\.kind) == [.failed, .rolledBack])
        bench.repository.commit(spec("3"))
        await bench.waitForVerdict(.converged, release: 3)
        await bench.pass(.seconds(5))
        #expect(channel.notices.map(\.kind) == [.failed, .rolledBack, .recovered])
        #expect(channel.notices.map(\.release?.value) == [2, 2, 3])
        #expect(Set(channel.notices.map(\.id)).count == 3)
        #expect(
            channel.notices.allSatisfy { $0.app?.rawValue == "shop" && $0.installation.rawValue == "test" })
        await bench.stop()
    }

    @Test func aRestartTellsNothingAgainAndStillTellsTheEnd() async throws {
        let channel = FakeChannel("ops")
        let first = try await bench([channel])
        first.repository.commit(spec("1"))
        await first.waitForVerdict(.converged)
        first.engine.setBehavior(.sick, forImagesContaining: "shop:2")
        first.repository.commit(spec("2"))
        await first.waitForVerdict(.rolledBack)
        await first.pass(.seconds(5))
        await first.stop()
        let second = try await bench([channel], after: first)
        await second.waitForVerdict(.rolledBack)
        await second.pass(.minutes(2))
        #expect(channel.notices.map(\.kind) == [.failed, .rolledBack])
        second.repository.commit(spec("3"))
        await second.waitForVerdict(.converged, release: 3)
        await second.pass(.seconds(5))
        #expect(channel.notices.map(\.kind).last == .recovered)
        await second.stop()
    }

    @Test func aChannelThatRefusesDelaysNobodyAndIsTriedAgain() async throws {
        let bad = FakeChannel("bad"), good = FakeChannel("good")
        bad.fail(with: NoticeError(.unavailable, "bad.example.com answered 503"))
        let bench = try await bench([bad, good])
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        bench.engine.setBehavior(.sick, forImagesContaining: "shop:2")
        bench.repository.commit(spec("2"))
        await bench.waitForVerdict(.rolledBack)
        await bench.pass(.seconds(30))
        #expect(good.notices.map(\.kind) == [.failed, .rolledBack])
        #expect(bad.attempts >= 3)
        #expect(bad.attempts < 12, "it is asked ever more seldom")
        let status = await bench.controller.status()
        #expect(status.notices?.map(\.to) == ["bad"])
        #expect(status.notices?.first?.problem == "bad.example.com answered 503")
        #expect(status.notices?.first?.pending == 2)
        bad.fail(with: nil)
        await bench.wait("all has arrived") { $0.notices == nil }
        #expect(bad.notices.map(\.kind) == [.failed, .rolledBack])
        await bench.stop()
    }

    @Test func whatWaitsOutlivesARestart() async throws {
        let channel = FakeChannel("ops")
        channel.fail(with: NoticeError(.unreachable, "nobody"))
        let first = try await bench([channel])
        first.repository.commit(spec("1"))
        await first.waitForVerdict(.converged)
        first.engine.setBehavior(.sick, forImagesContaining: "shop:2")
        first.repository.commit(spec("2"))
        await first.waitForVerdict(.rolledBack)
        await first.pass(.seconds(5))
        await first.stop()
        channel.fail(with: nil)
        let second = try await bench([channel], after: first)
        await second.pass(.seconds(20))
        #expect(channel.notices.map(\.kind) == [.failed, .rolledBack])
        await second.stop()
    }

    @Test func tooManyAreCountedAndToldInOne() async throws {
        let channel = FakeChannel("ops")
        let bench = try await bench([channel], limit: 2)
        var files: [String: String] = [:]
        for number in 1...6 {
            files["a\(number).yaml"] = Workbench.spec("a\(number)", image: "sick:1", replicas: 1)
        }
        bench.engine.setBehavior(.sick, forImagesContaining: "sick")
        bench.repository.commit(files)
        await bench.waitForVerdict(.held, of: "a6")
        await bench.pass(.minutes(2))
        #expect(channel.notices.count == 2)
        for _ in 0..<61 {
            bench.clock.advance(by: .minutes(1))
            await bench.pass(.milliseconds(200))
        }
        let summary = channel.notices.first { $0.kind == .summary }
        #expect(summary?.message.contains("not sent") == true, "\(channel.notices.map(\.kind))")
        await bench.stop()
    }

    @Test func whatAChannelDoesNotWantItIsNotSent() async throws {
        let some = FakeChannel("some", kinds: [.recovered])
        let bench = try await bench([some])
        bench.repository.commit(["shop.yaml": "name: shop\nimage: registry.example.com/shop:1\nprot: 80\n"])
        await bench.waitForVerdict(.invalid)
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        await bench.pass(.seconds(5))
        #expect(some.notices.map(\.kind) == [.recovered])
        await bench.stop()
    }

    @Test func atRestNothingIsWritten() async throws {
        let channel = FakeChannel("ops")
        let bench = try await bench([channel])
        bench.engine.setBehavior(.sick, forImagesContaining: "shop:2")
        bench.repository.commit(spec("2"))
        await bench.waitForVerdict(.held)
        await bench.pass(.seconds(10))
        let writes = bench.store.commits
        await bench.pass(.minutes(4))
        #expect(bench.store.commits == writes)
        #expect(channel.notices.map(\.kind) == [.failed, .held])
        await bench.stop()
    }

    @Test func aRepairIsToldAndTheSameOneNotAgainSoon() async throws {
        let channel = FakeChannel("ops")
        let bench = try await bench([channel])
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        for _ in 0..<3 {
            bench.engine.tamper("shop-web-v1-1") { $0.state = .paused }
            await bench.pass(.seconds(70))
        }
        #expect(channel.notices.map(\.kind) == [.driftRepaired], "\(channel.notices.map(\.message))")
        #expect(channel.notices.first?.message.contains("shop-web-v1-1") == true)
        await bench.stop()
    }

    @Test func sourceAndStoreAreToldWithTheirEnd() async throws {
        let channel = FakeChannel("ops")
        let bench = try await bench([channel])
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        bench.repository.fail(with: SourceError(.unreachable, "git.example.com does not answer"))
        await bench.pass(.minutes(3))
        bench.repository.fail(with: nil)
        await bench.pass(.minutes(3))
        #expect(channel.notices.map(\.kind) == [.source, .recovered])
        #expect(channel.notices.first?.message == "git.example.com does not answer")

        // The disk is full: what cannot be stored is told all the same.
        bench.store.refuse(with: StoreError(.diskFull, "the disk is full"))
        bench.repository.commit(spec("2"))
        await bench.pass(.minutes(3))
        #expect(channel.notices.map(\.kind) == [.source, .recovered, .store])
        bench.store.refuse(with: nil)
        await bench.waitForVerdict(.converged, release: 2)
        await bench.pass(.seconds(5))
        #expect(channel.notices.map(\.kind) == [.source, .recovered, .store, .recovered])
        await bench.stop()
    }

    @Test func certificatesAreToldByHostWithTheirEnd() async throws {
        let channel = FakeChannel("ops")
        let edge = ReportingEdge()
        let bench = try await Workbench(edge: edge) { $0.channels = [channel] }
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        func certificate(_ host: String, _ problem: String?) -> CertificateReport {
            CertificateReport(host: host, kind: .issued, problem: problem)
        }
        for problem in [
            "the authority refuses shop.example.com", "the authority refuses shop.example.com", nil
        ] {
            edge.set(
                EdgeReport(certificates: [
                    certificate("shop.example.com", problem), certificate("b.example.com", nil)
                ]))
            await bench.pass(.seconds(30))
        }
        #expect(channel.notices.map(\.kind) == [.certificate, .recovered])
        #expect(channel.notices.allSatisfy { $0.object == "shop.example.com" })
        await bench.stop()
    }

    @Test func aSecretThatAnAppHasPrintedIsNotToldOn() async throws {
        let channel = FakeChannel("ops")
        let bench = try await bench([channel])
        let spec = Workbench.spec("shop", image: "shop:1", more: "env: {DB_PASSWORD: simulated}")
        bench.engine.setBehavior(.crashes(code: 3), forImagesContaining: "shop:1")
        bench.repository.commit(["shop.yaml": spec])
        await bench.waitForVerdict(.held)
        await bench.pass(.seconds(5))
        #expect(!channel.notices.isEmpty)
        #expect(
            channel.notices.allSatisfy { !$0.message.contains("simulated") },
            "\(channel.notices.map(\.message))")
        await bench.stop()
    }

    @Test func aTestGoesThroughEveryChannel() async throws {
        let bad = FakeChannel("bad"), good = FakeChannel("good")
        bad.fail(with: NoticeError(.rejected, "no"))
        let bench = try await bench([bad, good])
        let report = try await bench.controller.testNotices(channel: nil)
        #expect(report.channels == [.init(name: "bad", problem: "no"), .init(name: "good")])
        #expect(good.notices.map(\.kind) == [.test])
        await #expect(throws: ControlError.self) {
            try await bench.controller.testNotices(channel: SourceName("none").required)
        }
        await bench.stop()
        let none = try await self.bench([])
        await #expect(throws: ControlError.self) { try await none.controller.testNotices(channel: nil) }
        await none.stop()
    }
}
