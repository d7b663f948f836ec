import FoundationEssentials
import Model
import Testing
import TimeZones

@Suite struct ZoneFileTests {
    @Test func everyZoneOfTheMachineIsRead() throws {
        let zones = SystemZones()
        let names = try #require(zones.names(), "the package tzdata is not installed")
        #expect(names.all.count > 400)
        for name in names.all where name != "Factory" {
            let rules = try zones.rules(of: name)
            // 1 January 2000 and 2100: no zone is further away from UTC than this.
            for second in [946_684_800, 4_102_444_800] as [Int64] {
                let stretch = rules.stretch(at: second)
                #expect((-43_200...50_400).contains(stretch.offset), "\(name)")
                #expect(stretch.start <= second && second < stretch.end)
            }
        }
    }

    @Test func theRuleGoesOnAfterTheTable() throws {
        let berlin = try SystemZones().rules(of: "Europe/Berlin")
        let midnight = CivilDay(year: 2400, month: 7, day: 1).daysSince1970 * 86_400
        #expect(berlin.stretch(at: midnight).offset == 7_200)
        let winter = berlin.stretch(at: midnight + 180 * 86_400)
        #expect(winter.offset == 3_600)
        #expect(berlin.stretch(at: winter.end).offset == 7_200)
        #expect(berlin.stretch(at: winter.start - 1).end == winter.start)
    }

    @Test(arguments: [
        "", "/etc/passwd", "../../../etc/passwd", "Europe/../UTC", "Europe", "a\0b", "Nowhere/Land"
    ])
    func noOtherFileIsRead(_ name: String) {
        #expect(throws: ZoneFileError.self) { try SystemZones().rules(of: name) }
    }

    @Test func withoutTheDataThereIsUTC() throws {
        let zones = SystemZones(folder: "/nonexistent")
        #expect(zones.names() == nil)
        #expect(try zones.rules(of: "UTC") == .utc)
        let error = #expect(throws: ZoneFileError.self) { try zones.rules(of: "Europe/Berlin") }
        #expect(error?.message.contains("tzdata") == true)
    }

    @Test func brokenFilesAreErrors() throws {
        let whole = Array(
            try #require(FileManager.default.contents(atPath: "/usr/share/zoneinfo/Europe/Dublin")))
        _ = try ZoneFile.rules(whole, name: "whole")
        for length in 0..<whole.count where (try? ZoneFile.rules(Array(whole[..<length]), name: "cut")) != nil
        {
            Issue.record("the first \(length) bytes of \(whole.count) are taken for a zone")
        }
        // Whatever a byte says, there is an answer or an error.
        for place in whole.indices where place < 128 || place.isMultiple(of: 7) || place > whole.count - 64 {
            for byte in [0, 0x7f, 0xff] as [UInt8] {
                var other = whole
                other[place] = byte
                guard let rules = try? ZoneFile.rules(other, name: "other") else { continue }
                for second in [.min / 2, -1, 0, 1_800_000_000, 1_000_000_000_000] as [Int64] {
                    let stretch = rules.stretch(at: second)
                    guard stretch.start > second || second >= stretch.end else { continue }
                    Issue.record("\(byte) at \(place): \(second) lies outside of its stretch")
                }
            }
        }
    }
}
