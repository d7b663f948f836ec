/// Who asks, and what they may do. Deny by default: what no grant allows is refused.
public struct Caller: Hashable, Sendable {
    /// How somebody has shown who they are.
    public enum Way: String, Codable, Hashable, Sendable, CaseIterable {
        /// The Unix socket: whoever may open it is trusted with everything.
        case socket
        /// A token that a file of the configuration holds.
        case configuration
        /// A token that was made by `slipway token create`.
        case token
        /// An identity provider's signed token.
        case identityProvider = "identity_provider"
        /// Nobody: the attempt was refused.
        case none
    }

    /// As the audit log shows it: `token ci`, `anna@example.com`, `socket uid 0`. Never a secret.
    public var name: String
    public var way: Way
    public var grants: [Grant]
    /// Takes away from the roles: `nil` nothing.
    public var onlyPermissions: Set<Permission>?

    public init(name: String, way: Way, grants: [Grant], onlyPermissions: Set<Permission>? = nil) {
        self.name = name
        self.way = way
        self.grants = grants
        self.onlyPermissions = onlyPermissions
    }

    /// Whether the caller may do such things in `project`.
    public func may(_ permission: Permission, in project: ProjectName) -> Bool {
        isIncluded(permission)
            && grants.contains { ($0.project == nil || $0.project == project) && $0.role.allows(permission) }
    }

    /// Whether the caller may do such things in every project, and with the installation as a whole.
    public func mayEverywhere(_ permission: Permission) -> Bool {
        isIncluded(permission) && grants.contains { $0.project == nil && $0.role.allows(permission) }
    }

    /// Whether there is a project in which the caller may do such things.
    public func maySomewhere(_ permission: Permission) -> Bool {
        isIncluded(permission) && grants.contains { $0.role.allows(permission) }
    }

    private func isIncluded(_ permission: Permission) -> Bool {
        onlyPermissions?.contains(permission) ?? true
    }
}

/// What `GET /v1/whoami` answers.
public struct CallerReport: Codable, Hashable, Sendable {
    public var name: String
    public var way: Caller.Way
    /// Sorted.
    public var grants: [Grant]

    public init(_ caller: Caller) {
        name = caller.name
        way = caller.way
        grants = caller.grants.sorted()
    }
}
