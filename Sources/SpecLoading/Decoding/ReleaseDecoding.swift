internal import Model

extension SpecDecoder {
    /// The command that a release runs before anything changes.
    func decodeRelease(_ field: Field?, processes: [ProcessSpec]) -> ReleaseCommandSpec? {
        guard let field, let fields = fields(field, "release") else { return nil }
        let timeout = duration(fields["timeout"], from: .seconds(1), to: .minutes(24 * 60))
        let process = jobProcess(fields, processes: processes)
        guard let command = command(require(fields, "command")) else { return nil }
        return ReleaseCommandSpec(command: command, timeout: timeout, process: process)
    }

    /// The process that a job borrows from, which has to be one of the app.
    func jobProcess(_ fields: Fields, processes: [ProcessSpec]) -> ProcessName? {
        guard let field = fields["process"], let name = name(field, ProcessName.self) else { return nil }
        if !processes.contains(where: { $0.name == name }) {
            let names = processes.map(\.name.rawValue).joined(separator: ", ")
            error(
                "unknown_process",
                "`\(field.path)` must be a process of the app, one of \(names), not `\(name)`",
                at: field.mark, field.path)
        }
        return name
    }
}
