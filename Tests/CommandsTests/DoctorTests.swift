import Model
import Testing

@testable import Commands

@Suite struct DoctorTests {
    private func status(
        _ certificates: [CertificateReport], isReachable: Bool = true
    ) throws -> InstallationStatus {
        var status = try Samples.installation([], verdict: .converged, isReachable: isReachable)
        status.edge = EdgeStatus(isReachable: true, version: "HAProxy 2.6.12", certificates: certificates)
        return status
    }

    private func certificate(_ kind: CertificateReport.Kind, problem: String? = nil) -> CertificateReport {
        CertificateReport(
            host: "shop.example.com", kind: kind, issuer: "R3",
            expiresAt: WallTime(secondsSince1970: Samples.now.secondsSince1970 + 86_400 * 60),
            nextAttemptAt: problem == nil
                ? nil : WallTime(secondsSince1970: Samples.now.secondsSince1970 + 3_600),
            failures: problem == nil ? 0 : 2, problem: problem)
    }

    @Test func aHealthyInstallationIsWell() throws {
        let report = DoctorReport(try status([certificate(.issued)]))
        #expect(report.isGood)
        #expect(
            report.findings.map(\.part) == ["engine", "source main", "edge", "certificate shop.example.com"])
        #expect(report.findings.last?.message == "issued, R3, expires in 60d")
    }

    @Test func whatIsWrongIsNamedWithItsNextAttempt() throws {
        let problem = "the authority could not reach port 80"
        let report = DoctorReport(
            try status([certificate(.selfSigned, problem: problem)], isReachable: false))
        #expect(!report.isGood)
        #expect(
            report.findings.filter { !$0.isGood }.map(\.message) == [
                "the engine does not answer", "\(problem), next attempt in 1h"
            ])
    }
}
