import Model
import Planning
import Ports
import Secrets
import SpecLoading
import Telemetry

/// Secrets on their way from a release to its containers, and out of everything that people are shown.
extension Controller {
    var specReader: SpecReader {
        SpecReader(
            hasEdge: edge != nil, policy: configuration.projects, keyring: configuration.secretKeyring,
            zones: configuration.zones.names())
    }

    // MARK: To containers

    /// Puts the secrets of an order in place before its container is made.
    func deliverSecrets(for order: InstanceOrder) throws(EngineError) -> DeliveredSecrets? {
        guard let courier = configuration.secretCourier, let secrets = order.template.secrets else {
            return nil
        }
        return try courier.deliver(current(secrets, of: order.labels.app), to: SecretAddress(order.labels))
    }

    /// Puts the secrets of a container back before it is started again: a reboot has taken them.
    func restoreSecrets(of id: ContainerID, _ app: AppName) throws(EngineError) {
        guard let courier = configuration.secretCourier, let record = apps[app],
            let labels = (record.instances[id] ?? record.jobs[id])?.labels,
            let secrets = Self.secrets(record, labels.template)
        else { return }
        try courier.restore(current(secrets, of: app), to: SecretAddress(labels))
    }

    /// The same values as git has them encrypted now, where it has: a release may be older than the project's key.
    private func current(_ secrets: [SecretSpec], of app: AppName) -> [SecretSpec] {
        let wanted = apps[app]?.candidate?.spec.secrets ?? []
        return secrets.map { secret in
            let same = wanted.first { $0.name == secret.name && $0.fingerprint == secret.fingerprint }
            var secret = secret
            secret.sealed = same?.sealed ?? secret.sealed
            return secret
        }
    }

    private static func releases(_ record: AppRecord) -> [Release] {
        [record.memory.lastGood, record.memory.rollout?.target, record.memory.kept?.release].compactMap(
            \.self)
    }

    private static func secrets(_ record: AppRecord, _ template: ContentDigest) -> [SecretSpec]? {
        releases(record).lazy.flatMap(\.templates.values).first { $0.digest == template }?.container.secrets
    }

    /// After a listing: what a reboot has taken comes back, and what no container can need any more goes.
    func tendSecrets(_ snapshot: EngineSnapshot) {
        guard let courier = configuration.secretCourier else { return }
        var kept: [AppName: Set<ContentDigest>] = [:]
        // Whether known or not: a store that was lost learns only later whose they are.
        for instance in snapshot.instances {
            kept[instance.labels.app, default: []].insert(instance.labels.template)
        }
        for (app, record) in apps {
            for labels in record.instances.values.map(\.labels) + record.jobs.values.map(\.labels) {
                kept[app, default: []].insert(labels.template)
            }
            for action in record.inFlight.values {
                switch action {
                case .launch(let order): kept[app, default: []].insert(order.labels.template)
                case .createJob(let order): kept[app, default: []].insert(order.labels.template)
                default: break
                }
            }
            for release in Self.releases(record) {
                for template in release.templates.values where template.container.secrets != nil {
                    kept[app, default: []].insert(template.digest)
                    restore(template, of: release, courier)
                }
            }
        }
        // Of one that cannot be read nobody knows what it needs.
        let isBlind = !snapshot.unreadable.isEmpty || apps.values.contains { !$0.unseen.isEmpty }
        guard !isBlind else { return }
        do throws(EngineError) {
            try courier.sweep(keeping: kept)
        } catch {
            logger.error(
                "secrets could not be taken away; tried again with the next listing", ["error": "\(error)"])
        }
    }

    private func restore(_ template: Release.Template, of release: Release, _ courier: any SecretCourier) {
        let address = SecretAddress(
            app: release.app, project: release.spec.project, template: template.digest)
        do throws(EngineError) {
            try courier.restore(current(template.container.secrets ?? [], of: release.app), to: address)
        } catch {
            // Whatever needs them says so when it is to be started.
            logger.error(
                "secrets could not be put in place",
                ["app.name": release.app.rawValue, "app.release": "\(release.number)", "error": error.message]
            )
        }
    }

    // MARK: Out of what is shown

    /// The values that containers of an app may have been given, to be taken out of what they say.
    func secretTexts(of app: AppName) -> [String] {
        guard let courier = configuration.secretCourier, let record = apps[app] else { return [] }
        let specs = Self.releases(record).map(\.spec) + [record.candidate?.spec].compactMap(\.self)
        // Releases mostly have the same ones: each is opened once.
        var secrets: [ProjectName: Set<SecretSpec>] = [:]
        for spec in specs { secrets[spec.project, default: []].formUnion(spec.secrets ?? []) }
        var texts: Set<String> = []
        for (project, secrets) in secrets where !secrets.isEmpty {
            texts.formUnion(courier.texts(of: Array(secrets), app: app, project: project))
        }
        return SecretMask.parts(of: texts)
    }

    func hidingSecrets(_ text: String, of app: AppName) -> String {
        text.isEmpty ? text : SecretMask.hide(secretTexts(of: app), in: text)
    }

    func hidingSecrets(_ error: EngineError, of app: AppName) -> EngineError {
        EngineError(error.code, hidingSecrets(error.message, of: app), call: error.call)
    }
}

/// Takes known values out of foreign text.
enum SecretMask {
    /// Shorter ones are words like others: taking them out would make text unreadable and tell where they were.
    private static let shortest = 4

    /// What of the values may stand in one line of text, the longest first.
    static func parts(of values: Set<String>) -> [String] {
        var parts: Set<String> = []
        for value in values {
            let lines = value.split { $0.isNewline }.map(String.init)
            for part in lines + [value] where part.utf8.count >= shortest { parts.insert(part) }
        }
        return parts.sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
    }

    /// - Parameter parts: of `parts(of:)`.
    static func hide(_ parts: [String], in text: String) -> String {
        var text = text
        for part in parts where text.contains(part) {
            text = text.split(separator: part, omittingEmptySubsequences: false).joined(
                separator: Redaction.mask)
        }
        return text
    }
}
