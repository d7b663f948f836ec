import Model
import Testing

@Suite struct CronRunNameTests {
    @Test func aLabelSaysWhichRunItIs() throws {
        let due = WallTime(secondsSince1970: 1_795_662_000)
        #expect(CronRunName(scheduled: due).label == "20261126T0300Z")
        #expect(CronRunName(scheduled: due, number: 2, attempt: 3).label == "20261126T0300Z.2.3")
        let byHand = CronRunName(scheduled: WallTime(secondsSince1970: 1_795_662_061), isManual: true)
        #expect(byHand.label == "m20261126T030101Z")
        for name in [
            CronRunName(scheduled: due), CronRunName(scheduled: due, isManual: true), byHand,
            CronRunName(scheduled: due, number: 11, attempt: 20), CronRunName(scheduled: due, attempt: 2)
        ] {
            #expect(CronRunName(name.label) == name)
            #expect(JobLabel(kind: .cron, run: name.label, timeoutInSeconds: 1) != nil)
        }
    }

    @Test(arguments: [
        "", "20261126T0300", "20261126T030000Z", "20261326T0300Z", "20261126T2500Z", "20261126T0300Z.1.1",
        "20261126T0300Z.2", "20261126T0300Z.-1.2", "v42.1", "m", "m20261126T0300Z", "2026 1126T0300Z",
        "20261126T0300Z.99999999999999999999.1", "x20261126T0300Z"
    ])
    func nothingElseIsTaken(_ label: String) {
        #expect(CronRunName(label) == nil)
    }
}
