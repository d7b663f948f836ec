import Model
import Planning
import SpecLoading

/// What git wants of every app, over all sources: a pure function of the trees and of what is remembered.
struct DesiredState {
    var apps: [AppName: DesiredApp] = [:]
    /// By source: findings that only show beside other files.
    var crossDiagnostics: [SourceName: [Diagnostic]] = [:]
    private var policy = ProjectPolicy()

    struct SourceView {
        var name: SourceName
        /// The folder that it reads.
        var path: String
        /// `nil`: not read yet.
        var tree: LoadedTree?
        /// The remote was asked since the controller started; otherwise the tree is what the mirror had last.
        var isConfirmed = true
        var approvedRemovals: CommitID?
    }

    /// What is remembered of an app that git may or may not have.
    struct Known {
        var source: SourceName
        var path: String
        var isBeingRemoved: Bool
        /// What it has for itself.
        var claims: AppClaims?
    }

    private struct Claim {
        var source: SourceName
        var loaded: LoadedSpec
        var origin: SpecOrigin
        var isConfirmed: Bool
    }

    static func build(
        sources: [SourceView], known: [AppName: Known], brake: DeletionBrake,
        policy: ProjectPolicy = ProjectPolicy()
    ) -> DesiredState {
        var state = DesiredState()
        state.policy = policy
        let claims = state.settleNames(sources, known)
        let brokenNames = state.addBroken(sources, known, claims)
        // What the mirror had last may be older than the move of an app.
        let unread = Set(
            sources.filter { $0.tree == nil || !$0.isConfirmed && !isPlanted(.mirrorIsProof) }.map(\.name))
        for source in sources {
            state.addAbsent(source, known, brake, unread: unread, present: Set(claims.keys))
        }
        // Whoever goes gives free what it had; whoever stays, if its spec is broken or its source not read, does not.
        let standing = known.filter { state.apps[$0.key] != .remove }.compactMapValues(\.claims)
        state.addSpecs(claims, known: Set(known.keys).union(brokenNames), standing)
        return state
    }

    /// The first owner of a name keeps it: where it stands already, else the first by source, path and line.
    private mutating func settleNames(_ sources: [SourceView], _ known: [AppName: Known]) -> [AppName: Claim]
    {
        var claims: [AppName: Claim] = [:]
        let unread = Self.unread(sources)
        for source in sources.sorted(by: { $0.name < $1.name }) {
            guard let tree = source.tree else { continue }
            for (path, file) in tree.files.sorted(by: { $0.key < $1.key }) {
                for loaded in file.specs {
                    let origin = SpecOrigin(
                        source: source.name, path: path, commit: tree.seenAt[path] ?? tree.commit)
                    let claim = Claim(
                        source: source.name, loaded: loaded, origin: origin, isConfirmed: source.isConfirmed)
                    let name = loaded.spec.name
                    // Until the source that has it is read, nobody else can take it over.
                    if let owner = known[name]?.source, owner != source.name, unread.contains(owner) {
                        continue
                    }
                    guard let other = claims[name] else {
                        claims[name] = claim
                        continue
                    }
                    let isOwner = known[name].map { $0.source == source.name && $0.path == path } ?? false
                    claims[name] = isOwner ? claim : other
                    refuse(isOwner ? other : claim, keptBy: isOwner ? claim : other)
                }
            }
        }
        return claims
    }

    private static func unread(_ sources: [SourceView]) -> Set<SourceName> {
        Set(sources.filter { $0.tree == nil }.map(\.name))
    }

    private mutating func refuse(_ claim: Claim, keptBy owner: Claim) {
        let isTold = !policy.isSeparate || claim.loaded.spec.project == owner.loaded.spec.project
        let message =
            isTold
            ? "app \(claim.loaded.spec.name) is declared already in \(owner.loaded.path):\(owner.loaded.line)"
                + " of source \(owner.source); rename one of the two"
            : "another project has an app \(claim.loaded.spec.name); choose another name"
        crossDiagnostics[claim.source, default: []].append(
            Diagnostic(
                code: "name_taken", message: message,
                path: claim.loaded.path, line: claim.loaded.line, column: 1, keyPath: "name"))
    }

    /// Apps whose spec is broken stay as they are.
    private mutating func addBroken(
        _ sources: [SourceView], _ known: [AppName: Known], _ claims: [AppName: Claim]
    ) -> Set<AppName> {
        var names: Set<AppName> = []
        for source in sources {
            for file in source.tree?.files.values.sorted(by: { $0.path < $1.path }) ?? [] {
                for broken in file.broken {
                    let inFile = known.filter { $0.value.source == source.name && $0.value.path == file.path }
                        .map(\.key)
                    let candidates = broken.name.map { [$0] } ?? inFile
                    for name in candidates where claims[name] == nil {
                        names.insert(name)
                        apps[name] = .keep(
                            [Self.invalid(broken)], diagnostics: broken.diagnostics, isInvalid: true)
                    }
                }
            }
        }
        return names
    }

    private static func invalid(_ broken: BrokenSpec) -> Blocker {
        let errors = broken.diagnostics.filter { $0.severity == .error }
        guard let first = errors.first else {
            return Blocker(cause: .specInvalid, object: broken.path, message: "the spec is broken")
        }
        let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
        return Blocker(
            cause: first.code == "not_yet_supported" ? .notYetSupported : .specInvalid,
            object: first.location,
            message: first.message + more, command: "slipway validate \(broken.path)")
    }

    private mutating func addSpecs(
        _ claims: [AppName: Claim], known: Set<AppName>, _ standing: [AppName: AppClaims]
    ) {
        let ordered = claims.values.sorted { $0.loaded.spec.name < $1.loaded.spec.name }
        for claim in ordered {
            apps[claim.loaded.spec.name] = .spec(
                Candidate(
                    spec: claim.loaded.spec, digest: claim.loaded.digest, origin: claim.origin,
                    isConfirmed: claim.isConfirmed))
        }
        let findings = SpecRules.crossCheck(
            ordered.map(\.loaded), known: known, sources: claims.mapValues(\.source), standing: standing,
            policy: policy)
        for finding in findings {
            guard let claim = claims[finding.app] else { continue }
            crossDiagnostics[claim.source, default: []].append(finding.diagnostic)
            guard finding.diagnostic.severity == .error else { continue }
            apps[finding.app] = .keep(
                [
                    Blocker(
                        cause: .specInvalid, object: finding.diagnostic.location,
                        message: finding.diagnostic.message,
                        command: "slipway validate \(finding.path)")
                ], diagnostics: [finding.diagnostic], isInvalid: true)
        }
    }

    /// Apps that the source owned and that its tree does not have any more.
    private mutating func addAbsent(
        _ source: SourceView, _ known: [AppName: Known], _ brake: DeletionBrake, unread: Set<SourceName>,
        present: Set<AppName>
    ) {
        // Absent from what the mirror had last is no proof.
        guard let tree = source.tree, source.isConfirmed || isPlanted(.mirrorIsProof) else { return }
        let owned = known.filter { $0.value.source == source.name }
        let absent = owned.filter { apps[$0.key] == nil && !present.contains($0.key) }
        let newlyAbsent = absent.filter { !$0.value.isBeingRemoved }
        let remaining = owned.count - absent.count
        let isBrakeOff = isPlanted(.brakeIgnored) || isPlanted(.failedFetchIsEmpty)
        let isHeld =
            !isBrakeOff
            && brake.holds(
                removed: newlyAbsent.count, owned: remaining + newlyAbsent.count,
                remaining: tree.files.values.reduce(0) { $0 + $1.specs.count + $1.broken.count })
        for (name, memory) in absent {
            if memory.isBeingRemoved {
                apps[name] = .remove
            } else if !tree.isComplete || tree.hides(memory.path), !isPlanted(.brokenTreeIsProof) {
                apps[name] = .keep(
                    [
                        Blocker(
                            cause: .treeIncomplete, object: source.name.rawValue,
                            message:
                                "\(name) is gone from git, but files of \(tree.commit.id.short) are broken or"
                                + " not readable; nothing is removed before all of them load",
                            command: "slipway status")
                    ], diagnostics: [], isInvalid: false)
            } else if let other = unread.min() {
                // It may have moved there with the same change.
                apps[name] = .keep(
                    [
                        Blocker(
                            cause: .source, object: other.rawValue,
                            message:
                                "\(name) is gone from source \(source.name), but source \(other), where it may have"
                                + " moved, has not been read yet", command: "slipway status")
                    ], diagnostics: [], isInvalid: false)
            } else if !TreeLoader.isBelow(memory.path, source.path) {
                // No commit took it away: the configuration looks elsewhere.
                apps[name] = .keep(
                    [
                        Blocker(
                            cause: .source, object: source.name.rawValue,
                            message:
                                "\(memory.path) is not below the path of source \(source.name) any more; the app is"
                                + " left as it is", command: "slipway status")
                    ], diagnostics: [], isInvalid: false)
            } else if isHeld && source.approvedRemovals != tree.commit.id {
                apps[name] = .heldRemoval(
                    tree.commit.id,
                    message: "\(tree.commit.id.short) removes \(newlyAbsent.count) of"
                        + " \(remaining + newlyAbsent.count) apps (brake \(brake.percent) %)")
            } else {
                apps[name] = .remove
            }
        }
    }
}
