public import Model

/// One stage of a movement from one release to another: what must stand, and who gets the requests, before the next.
public struct Step: Hashable, Sendable {
    /// Of the wanted instances of each process, in whole per cent, rounded up.
    public var instances: Int
    /// Of the requests, in whole per cent. `nil`: every instance that serves gets the same.
    public var traffic: Int?
    /// How long all of it must hold.
    public var bake: TimeSpan
    /// A person has to say yes before this step begins.
    public var needsApproval: Bool

    public init(instances: Int, traffic: Int?, bake: TimeSpan = .zero, needsApproval: Bool = false) {
        self.instances = instances
        self.traffic = traffic
        self.bake = bake
        self.needsApproval = needsApproval
    }

    /// The steps from `old` to `target`, at least one.
    ///
    /// A first release has nothing to be compared with, a release that changes no container has nothing to prove, and
    /// on the way back (`isDirect`) nothing may delay: these go in one step.
    public static func steps(to target: Release, from old: Release?, isDirect: Bool) -> [Step] {
        let all = Step(instances: 100, traffic: nil)
        guard let old, !isDirect, changesContainers(target, old) else { return [all] }
        let deploy = target.spec.deploy
        switch deploy.effectiveStrategy {
        case .rolling, .recreate:
            return [all]
        case .canary:
            let shares = deploy.effectiveSteps
            return shares.enumerated().map { index, share in
                Step(
                    instances: share, traffic: share, bake: deploy.effectiveBake,
                    needsApproval: index == shares.count - 1 && deploy.effectiveApproval == .beforePromote)
            }
        case .blueGreen:
            return [
                Step(instances: 100, traffic: 0),
                Step(
                    instances: 100, traffic: 100, bake: deploy.effectiveBake,
                    needsApproval: deploy.effectiveApproval == .beforePromote)
            ]
        }
    }

    private static func changesContainers(_ target: Release, _ old: Release) -> Bool {
        target.spec.processes.contains { process in
            target.templates[process.name]?.digest != old.templates[process.name]?.digest
        }
    }

    /// Instances that the step wants of `total`.
    public func count(of total: Int) -> Int { (total * instances + 99) / 100 }
}

extension Rollout {
    /// The steps of this rollout from `old`.
    public func steps(from old: Release?) -> [Step] {
        Step.steps(to: target, from: old, isDirect: isDirect)
    }
}
