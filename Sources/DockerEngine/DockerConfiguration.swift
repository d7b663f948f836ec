public import Model

/// How an installation talks to its engine.
public struct DockerConfiguration: Sendable {
    /// The path of the engine's Unix socket, at most 107 bytes.
    public var socketPath: String
    /// The installation whose objects are ours; all others are never touched.
    public var installation: InstallationName
    /// By registry host as in image references, `registry.example.com:5000`; `docker.io` for Docker Hub.
    public var credentials: [String: RegistryCredential]
    /// Docker's own `config.json`, asked for hosts that `credentials` does not name. Read anew for each
    /// image. Only `auths` is used: a credential helper (`credsStore`, `credHelpers`) would be a foreign
    /// program, and is not run.
    public var dockerConfigFile: String?
    /// Volumes with driver options or a driver other than `local` that the operator allows apps to mount.
    public var trustedVolumes: Set<String>
    /// `true`: an image made for another processor is run, as machines with an emulator can.
    public var allowsForeignArchitectures: Bool
    /// Addresses of the name servers that new containers ask by way of the engine's own, the first one first;
    /// empty: those of the machine. Containers that exist keep theirs, and none is started anew for a change.
    public var dns: [String]
    /// The folder of the host below which secrets lie; `nil`: none are mounted.
    public var secretsDirectory: String?
    /// For calls that the engine answers from memory.
    public var callTimeout: TimeSpan
    /// For calls that make the engine work: create, start, removal.
    public var effectTimeout: TimeSpan
    /// The longest silence of a pull. A pull that moves has no limit.
    public var pullIdleTimeout: TimeSpan
    /// What projects may have; looked at in every payload, whoever has checked the spec before.
    public var projects: ProjectPolicy
    /// How the networks of projects are called; `nil`: any name is taken that is none of the engine's own.
    public var naming: Naming?

    public init(
        socketPath: String = "/var/run/docker.sock", installation: InstallationName,
        credentials: [String: RegistryCredential] = [:], dockerConfigFile: String? = nil,
        trustedVolumes: Set<String> = [], allowsForeignArchitectures: Bool = false,
        dns: [String] = [], secretsDirectory: String? = nil, callTimeout: TimeSpan = .seconds(15),
        effectTimeout: TimeSpan = .seconds(60),
        pullIdleTimeout: TimeSpan = .seconds(60), projects: ProjectPolicy = ProjectPolicy(),
        naming: Naming? = nil
    ) {
        self.projects = projects
        self.naming = naming
        self.socketPath = socketPath
        self.installation = installation
        self.credentials = credentials
        self.dockerConfigFile = dockerConfigFile
        self.trustedVolumes = trustedVolumes
        self.allowsForeignArchitectures = allowsForeignArchitectures
        self.dns = dns
        self.secretsDirectory = secretsDirectory
        self.callTimeout = callTimeout
        self.effectTimeout = effectTimeout
        self.pullIdleTimeout = pullIdleTimeout
    }
}

/// A user of a registry. Prints without its secret.
public struct RegistryCredential: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    public var user: String
    public var secret: String
    public init(user: String, secret: String) {
        self.user = user
        self.secret = secret
    }
    public var description: String { "\(user) (secret withheld)" }
    public var debugDescription: String { description }
}
