import Model
import Planning
import Testing

/// The values as things that can be asked within an expectation.
private final class Book {
    private var ledger = NoticeLedger()
    func take(
        _ observation: NoticeObservation, now: Instant
    ) -> (
        subject: NoticeSubject, kind: Notice.Kind, words: NoticeWords
    )? { ledger.take(observation, now: now) }
    func isNews(_ observation: NoticeObservation) -> Bool { ledger.isNews(observation) }
    func restore(_ app: AppName, _ verdict: Verdict) { ledger.restore(app, verdict) }
    func isOpen(_ subject: NoticeSubject) -> Bool { ledger.isOpen(subject) }
}

private final class Gate {
    private var limiter: NoticeLimiter
    init(limit: Int) { limiter = NoticeLimiter(limit: limit) }
    func admits(_ kind: Notice.Kind, now: Instant) -> Bool { limiter.admits(kind, now: now) }
    func summaryDue(now: Instant) -> Instant? { limiter.summaryDue(now: now) }
    func summary(now: Instant) -> String { limiter.summary(now: now) }
}

@Suite struct NoticeLedgerTests {
    private let app = AppName("shop").map { NoticeSubject.app($0) } ?? .engine
    private func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }
    private func trouble(_ kind: Notice.Kind, _ cause: String) -> NoticeObservation {
        .trouble(app, kind, cause: cause, NoticeWords(cause))
    }
    private var well: NoticeObservation { .well(app, NoticeWords("runs")) }

    @Test func theSameTroubleIsToldOnceUntilItChanges() {
        let ledger = Book()
        #expect(ledger.take(well, now: at(0)) == nil, "who was told of nothing is told of no recovery")
        #expect(ledger.take(trouble(.failed, "v5"), now: at(1))?.kind == .failed)
        #expect(ledger.take(trouble(.failed, "v5"), now: at(2)) == nil)
        #expect(!ledger.isNews(trouble(.failed, "v5")))
        #expect(ledger.take(trouble(.rolledBack, "v5"), now: at(3))?.kind == .rolledBack)
        #expect(ledger.take(trouble(.failed, "v6"), now: at(4))?.kind == .failed)
        #expect(ledger.take(well, now: at(5))?.kind == .recovered)
        #expect(ledger.take(well, now: at(6)) == nil)
        #expect(ledger.take(trouble(.failed, "v5"), now: at(7))?.kind == .failed)
    }

    @Test func whatSettlesWaitsForItsGoodEndAndWhatIsRenewedIsNews() {
        let ledger = Book()
        _ = ledger.take(trouble(.held, "approval"), now: at(0))
        #expect(ledger.take(.settled(app, .held), now: at(1)) == nil)
        #expect(ledger.take(trouble(.held, "approval"), now: at(2))?.kind == .held)
        _ = ledger.take(.renewed(app), now: at(3))
        #expect(ledger.take(trouble(.held, "approval"), now: at(4))?.kind == .held)
        _ = ledger.take(.settled(app, .held), now: at(5))
        #expect(ledger.take(well, now: at(6))?.kind == .recovered)
    }

    @Test func afterARestartNothingIsToldAgainButTheEnd() throws {
        let name = try #require(AppName("shop"))
        for (verdict, kind) in [(Verdict.held, Notice.Kind.held), (.invalid, .invalid)] {
            let ledger = Book()
            ledger.restore(name, verdict)
            #expect(ledger.take(trouble(kind, "as before"), now: at(0)) == nil)
            #expect(ledger.take(trouble(kind, "another"), now: at(1))?.kind == kind)
        }
        let ledger = Book()
        ledger.restore(name, .rolledBack)
        #expect(ledger.take(trouble(.failed, "v6"), now: at(0))?.kind == .failed)
        #expect(ledger.take(well, now: at(1))?.kind == .recovered)
        ledger.restore(name, .converged)
        #expect(!ledger.isOpen(app))
    }

    @Test func repairsOfOneThingAreToldOnceAnHour() {
        let ledger = Book()
        let repair = NoticeObservation.passing(app, .driftRepaired, NoticeWords("shop-web-v1-1: paused"))
        #expect(ledger.take(repair, now: at(0))?.kind == .driftRepaired)
        #expect(ledger.take(repair, now: at(3_599)) == nil)
        #expect(ledger.take(repair, now: at(3_600))?.kind == .driftRepaired)
    }

    @Test func aLimiterCountsWhatItLeavesOutAndSaysSo() {
        let limiter = Gate(limit: 2)
        #expect(limiter.admits(.failed, now: at(0)))
        #expect(limiter.admits(.failed, now: at(10)))
        #expect(!limiter.admits(.failed, now: at(20)))
        #expect(!limiter.admits(.recovered, now: at(30)))
        #expect(limiter.summaryDue(now: at(30)) == at(3_600))
        // What was left out is told before anything new is.
        #expect(!limiter.admits(.held, now: at(3_700)))
        #expect(limiter.summaryDue(now: at(3_700)) ?? .zero <= at(3_700))
        let text = limiter.summary(now: at(3_700))
        #expect(
            text.hasPrefix(
                "3 notices were not sent, as there were too many: 1 × failed, 1 × held, 1 × recovered"))
        #expect(limiter.summaryDue(now: at(3_700)) == nil)
        #expect(limiter.admits(.failed, now: at(3_701)))
        #expect(!limiter.admits(.failed, now: at(3_702)))
    }
}
