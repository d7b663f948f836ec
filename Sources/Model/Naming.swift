/// The deterministic names of everything an installation makes on an engine.
///
/// The same inputs always give the same name, so an action that is repeated after a crash meets its own result.
public struct Naming: Hashable, Sendable {
    /// Put before every name; empty unless several installations share one engine.
    public let prefix: String
    /// The project that stands in the names of containers and volumes, before a dot, which no name of an app has;
    /// `nil`: none does.
    public let scope: ProjectName?

    public init(prefix: String, scope: ProjectName? = nil) {
        self.prefix = prefix
        self.scope = scope
    }

    /// The same with another project in the names.
    public func scoped(to project: ProjectName?) -> Naming { Naming(prefix: prefix, scope: project) }

    private var stem: String { scope.map { "\(prefix)\($0)." } ?? prefix }

    /// `shop-web-v42-1`, or `retail.shop-web-v42-1`; `index` counts from 1.
    public func container(app: AppName, process: ProcessName, release: ReleaseNumber, index: Int) -> String {
        "\(stem)\(app)-\(process)-\(release)-\(index)"
    }
    /// What a name made by `container` says of itself; `nil`: it is none of that app.
    public func parts(
        ofContainer name: String, app: AppName
    ) -> (process: ProcessName, release: ReleaseNumber)? {
        let stem = "\(stem)\(app)-"
        guard name.hasPrefix(stem) else { return nil }
        let words = name.dropFirst(stem.count).split(separator: "-", omittingEmptySubsequences: false)
        guard words.count >= 3, let index = Int(words[words.count - 1]), index >= 1,
            words[words.count - 2].first == "v",
            let release = Int(words[words.count - 2].dropFirst()).flatMap({ ReleaseNumber($0) }),
            let process = ProcessName(words.dropLast(2).joined(separator: "-")),
            container(app: app, process: process, release: release, index: index) == name
        else { return nil }
        return (process, release)
    }
    /// `shop-release-v42.1`; never the name of an instance, as `run` is no plain number.
    public func job(app: AppName, name: ProcessName, run: String) -> String { "\(stem)\(app)-\(name)-\(run)" }
    /// `slipway-retail`: the network that the apps of a project share.
    public func network(_ project: ProjectName) -> String { "\(prefix)slipway-\(project)" }
    /// What the names of an app's volumes begin with: `shop-`.
    public func volumePrefix(of app: AppName) -> String { "\(stem)\(app)-" }
    /// `shop-uploads`, or `retail.shop-uploads`.
    public func volume(app: AppName, volume: VolumeName) -> String { "\(stem)\(app)-\(volume)" }
}

/// The keys of the labels that are on every object an installation makes.
public enum LabelKey {
    public static let prefix = "slipway."
    public static let installation = "slipway.installation"
    public static let project = "slipway.project"
    public static let app = "slipway.app"
    public static let process = "slipway.process"
    public static let release = "slipway.release"
    public static let spec = "slipway.spec"
    public static let template = "slipway.template"
    public static let source = "slipway.source"
    public static let path = "slipway.path"
    public static let commit = "slipway.commit"
    /// Jobs only: what the job is run for.
    public static let job = "slipway.job"
    /// Jobs only: which run of the job it is.
    public static let run = "slipway.run"
    /// Jobs only: the longest that it may run, in seconds.
    public static let timeout = "slipway.timeout"
}

/// What the labels of a container say of it. Enough to rebuild a lost store together with git.
public struct InstanceLabels: Codable, Hashable, Sendable {
    public var installation: InstallationName
    public var project: ProjectName
    public var app: AppName
    public var process: ProcessName
    public var release: ReleaseNumber
    public var spec: ContentDigest
    public var template: ContentDigest
    public var source: SourceName
    public var path: String
    public var commit: CommitID
    /// `nil` for an instance of a process.
    public var job: JobLabel?

    public init(
        installation: InstallationName, project: ProjectName, app: AppName, process: ProcessName,
        release: ReleaseNumber, spec: ContentDigest, template: ContentDigest, source: SourceName,
        path: String,
        commit: CommitID, job: JobLabel? = nil
    ) {
        self.job = job
        self.installation = installation
        self.project = project
        self.app = app
        self.process = process
        self.release = release
        self.spec = spec
        self.template = template
        self.source = source
        self.path = path
        self.commit = commit
    }

    /// Reads labels from an engine; `nil` where one is missing or malformed.
    public init?(_ labels: [String: String]) {
        guard
            let installation = labels[LabelKey.installation].flatMap(InstallationName.init),
            let project = labels[LabelKey.project].flatMap(ProjectName.init),
            let app = labels[LabelKey.app].flatMap(AppName.init),
            let process = labels[LabelKey.process].flatMap(ProcessName.init),
            let release = labels[LabelKey.release].flatMap({ Int($0) }).flatMap({ ReleaseNumber($0) }),
            let spec = labels[LabelKey.spec].flatMap(ContentDigest.init),
            let template = labels[LabelKey.template].flatMap(ContentDigest.init),
            let source = labels[LabelKey.source].flatMap(SourceName.init),
            let path = labels[LabelKey.path],
            let commit = labels[LabelKey.commit].flatMap(CommitID.init)
        else { return nil }
        let job: JobLabel?
        switch (labels[LabelKey.job], labels[LabelKey.run], labels[LabelKey.timeout]) {
        case (nil, nil, nil): job = nil
        case (let kind?, let run?, let timeout?):
            guard let kind = JobKind(rawValue: kind), let seconds = Int64(timeout),
                let label = JobLabel(kind: kind, run: run, timeoutInSeconds: seconds)
            else { return nil }
            job = label
        // A part of it is neither an instance nor a job.
        default: return nil
        }
        self.init(
            installation: installation, project: project, app: app, process: process, release: release,
            spec: spec,
            template: template, source: source, path: path, commit: commit, job: job)
    }

    /// The labels as an engine takes them.
    public var dictionary: [String: String] {
        var labels = [
            LabelKey.installation: installation.rawValue, LabelKey.project: project.rawValue,
            LabelKey.app: app.rawValue, LabelKey.process: process.rawValue,
            LabelKey.release: "\(release.value)",
            LabelKey.spec: spec.rawValue, LabelKey.template: template.rawValue,
            LabelKey.source: source.rawValue,
            LabelKey.path: path, LabelKey.commit: commit.rawValue
        ]
        labels[LabelKey.job] = job?.kind.rawValue
        labels[LabelKey.run] = job?.run
        labels[LabelKey.timeout] = job.map { "\($0.timeoutInSeconds)" }
        return labels
    }
}
