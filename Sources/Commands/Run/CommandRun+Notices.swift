internal import Model

extension CommandRun {
    func notices() async throws -> Int32 {
        let action = invocation.arguments["ACTION"] ?? ""
        guard action == "test" else {
            throw usage("'\(action)' is nothing that can be done with notices; test is")
        }
        let channel = try invocation.arguments["CHANNEL"].map { text throws(UsageError) in
            guard let name = SourceName(text) else { throw usage("'\(text)' is not a channel's name") }
            return name
        }
        let report = try await client().post(
            NoticeTestReport.self, ["v1", "notices", "test"], NoticeTestRequest(channel: channel))
        try show(report) { report in
            report.channels.map { channel in
                guard let problem = channel.problem else {
                    return Line("✔ ", .good) + Line("\(channel.name): taken")
                }
                return Line("✗ ", .bad) + Line("\(channel.name): \(problem)")
            }
        }
        return report.channels.allSatisfy { $0.problem == nil } ? 0 : 2
    }
}
