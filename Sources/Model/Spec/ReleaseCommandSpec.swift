/// A command that is run once per release, before anything of the app changes.
public struct ReleaseCommandSpec: Codable, Hashable, Sendable {
    public var command: [String]
    public var timeout: TimeSpan?
    /// The process whose environment, volumes, secrets and limits it gets; see `AppSpec.jobProcess`.
    public var process: ProcessName?

    public init(command: [String], timeout: TimeSpan? = nil, process: ProcessName? = nil) {
        self.command = command
        self.timeout = timeout
        self.process = process
    }

    /// Five minutes unless given.
    public var effectiveTimeout: TimeSpan { timeout ?? .minutes(5) }
}

extension AppSpec {
    /// The process that a job borrows everything from but its command: the one that is named, else `web`, else the
    /// first.
    public func jobProcess(_ name: ProcessName?) -> ProcessSpec? {
        if let name { return process(name) }
        return processes.first { $0.name.rawValue == "web" } ?? processes.first
    }
}

extension ContainerTemplate {
    /// What the container of a job is made of: all that the process has but its names in the network, and it is not
    /// started again when it ends.
    ///
    /// - Parameter name: the job's, in the place of the process in its environment.
    public func job(_ command: [String], named name: ProcessName) -> ContainerTemplate {
        var job = self
        job.command = command
        job.restart = .never
        job.aliases = []
        job.env["SLIPWAY_PROCESS"] = name.rawValue
        return job
    }
}
