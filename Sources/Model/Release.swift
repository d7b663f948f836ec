/// An image pinned to content that cannot change.
public struct ResolvedImage: Codable, Hashable, Sendable {
    /// As the spec has it.
    public var reference: String
    /// What the engine is told to run: `repository@sha256:…` from a registry, or the id of an image that exists on
    /// the host only.
    public var pinned: String
    public var digest: ContentDigest
    /// `false` for an image that was built or imported on the host: nothing can be pulled.
    public var isFromRegistry: Bool

    public init(reference: String, pinned: String, digest: ContentDigest, isFromRegistry: Bool) {
        self.reference = reference
        self.pinned = pinned
        self.digest = digest
        self.isFromRegistry = isFromRegistry
    }
}

/// What people want to know of a commit.
public struct CommitInfo: Codable, Hashable, Sendable {
    public var id: CommitID
    /// The first line of the message, without control characters.
    public var subject: String
    public var author: String
    public var time: WallTime

    public init(id: CommitID, subject: String, author: String, time: WallTime) {
        self.id = id
        self.subject = subject
        self.author = author
        self.time = time
    }
}

/// Where a spec was found.
public struct SpecOrigin: Codable, Hashable, Sendable {
    public var source: SourceName
    /// Relative to the repository's root.
    public var path: String
    public var commit: CommitInfo

    public init(source: SourceName, path: String, commit: CommitInfo) {
        self.source = source
        self.path = path
        self.commit = commit
    }
}

/// An app's complete normalised spec, its image digest and its commit. Immutable.
///
/// A value with one reference inside: releases are copied with every look at an app's memory, and never changed.
public struct Release: Codable, Hashable, Sendable {
    private struct Content: Codable, Hashable, Sendable {
        var number: ReleaseNumber
        var spec: AppSpec
        var specDigest: ContentDigest
        var image: ResolvedImage
        var origin: SpecOrigin
        var templates: [ProcessName: Template]
    }

    private final class Box: Sendable {
        let content: Content
        init(_ content: Content) { self.content = content }
    }

    public struct Template: Codable, Hashable, Sendable {
        public var digest: ContentDigest
        public var container: ContainerTemplate
        public init(digest: ContentDigest, container: ContainerTemplate) {
            self.digest = digest
            self.container = container
        }
    }

    private let box: Box

    public init(
        number: ReleaseNumber, spec: AppSpec, specDigest: ContentDigest, image: ResolvedImage,
        origin: SpecOrigin,
        templates: [ProcessName: Template]
    ) {
        box = Box(
            Content(
                number: number, spec: spec, specDigest: specDigest, image: image, origin: origin,
                templates: templates))
    }

    public var app: AppName { box.content.spec.name }
    public var number: ReleaseNumber { box.content.number }
    // Lent, not copied: a spec has dozens of parts that would be counted with each look at one of them.
    public var spec: AppSpec { _read { yield box.content.spec } }
    public var specDigest: ContentDigest { box.content.specDigest }
    public var image: ResolvedImage { _read { yield box.content.image } }
    public var origin: SpecOrigin { _read { yield box.content.origin } }
    /// Per process, what its containers are made of. Two releases with the same template share instances.
    public var templates: [ProcessName: Template] { _read { yield box.content.templates } }

    /// The very same value, found without a look at its content; `false` proves nothing.
    public func isIdentical(to other: Self) -> Bool { box === other.box }

    public static func == (left: Self, right: Self) -> Bool {
        left.box === right.box || left.box.content == right.box.content
    }
    public func hash(into hasher: inout Hasher) { box.content.hash(into: &hasher) }
    public init(from decoder: any Decoder) throws { box = Box(try Content(from: decoder)) }
    public func encode(to encoder: any Encoder) throws { try box.content.encode(to: encoder) }
}

/// Everything that goes into a container of a process and is not a name or a label.
public struct ContainerTemplate: Codable, Hashable, Sendable {
    /// What the engine is told to run, from `ResolvedImage.pinned`.
    public var image: String
    public var command: [String]?
    public var env: [String: String]
    public var files: [FileSpec]
    /// What is put below `SecretPlace.folder`; `nil` where there is nothing.
    public var secrets: [SecretSpec]?
    public var mounts: [Mount]
    public var nanoCPUs: Int64?
    public var memoryInBytes: Int64?
    public var restart: RestartPolicy
    public var stopGrace: TimeSpan
    /// The engine's name of the project network.
    public var network: String
    /// Names under which the instance answers on that network.
    public var aliases: [String]
    /// What it has of the host; `nil` where there is nothing.
    public var hostAccess: HostAccess?

    public struct Mount: Codable, Hashable, Sendable {
        /// The engine's name of the volume.
        public var volume: String
        public var target: String
        public var isReadOnly: Bool
        public init(volume: String, target: String, isReadOnly: Bool) {
            self.volume = volume
            self.target = target
            self.isReadOnly = isReadOnly
        }
    }

    public init(
        image: String, command: [String]?, env: [String: String], files: [FileSpec], mounts: [Mount],
        nanoCPUs: Int64?, memoryInBytes: Int64?, restart: RestartPolicy, stopGrace: TimeSpan, network: String,
        aliases: [String], secrets: [SecretSpec]? = nil, hostAccess: HostAccess? = nil
    ) {
        self.hostAccess = hostAccess
        self.image = image
        self.command = command
        self.env = env
        self.files = files
        self.mounts = mounts
        self.nanoCPUs = nanoCPUs
        self.memoryInBytes = memoryInBytes
        self.restart = restart
        self.stopGrace = stopGrace
        self.network = network
        self.aliases = aliases
        self.secrets = secrets
    }
}
