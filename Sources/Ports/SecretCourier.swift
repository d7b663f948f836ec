public import Model

/// Brings the values of secrets to where containers find them, and takes them away again.
///
/// Values are opened in memory for it, and stand nowhere else than in memory of the host.
public protocol SecretCourier: Sendable {
    /// Puts the secrets of a template in their place. What is there stays as it is.
    ///
    /// - Throws: where a value cannot be opened, or the place is not what it has to be. It says what to do.
    func deliver(
        _ secrets: [SecretSpec], to address: SecretAddress
    ) throws(EngineError) -> DeliveredSecrets
    /// Puts the files back that are missing, such as after a reboot; values are opened for those alone.
    func restore(_ secrets: [SecretSpec], to address: SecretAddress) throws(EngineError)
    /// Takes away what no container can need any more.
    ///
    /// - Parameter keeping: by app, the templates whose secrets stay.
    func sweep(keeping: [AppName: Set<ContentDigest>]) throws(EngineError)
    /// The values as text, to be taken out of what people are shown; those that do not open are left out.
    func texts(of secrets: [SecretSpec], app: AppName, project: ProjectName) -> [String]
}

/// Whose secrets they are.
public struct SecretAddress: Sendable, Hashable {
    public var app: AppName
    public var project: ProjectName
    /// Containers of one template have the same secrets, so they share them.
    public var template: ContentDigest
    public init(app: AppName, project: ProjectName, template: ContentDigest) {
        self.app = app
        self.project = project
        self.template = template
    }

    public init(_ labels: InstanceLabels) {
        self.init(app: labels.app, project: labels.project, template: labels.template)
    }

    /// Below the folder of the courier: `shop/` and 64 hex digits.
    public var relativePath: String { "\(app)/\(template.hex)" }
}

/// What the engine needs of secrets to make a container. Does not print.
public struct DeliveredSecrets: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The folder on the host that is mounted at `SecretPlace.folder`, read-only.
    public var directory: String
    /// Variables with their values, for the engine alone.
    public var environment: [String: String]

    public init(directory: String, environment: [String: String]) {
        self.directory = directory
        self.environment = environment
    }

    public var description: String { "<secrets in \(directory)>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
