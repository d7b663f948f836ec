import Model

/// A rollout with what follows from its strategy and its present step.
struct Movement {
    let target: Release
    let steps: [Step]
    let index: Int
    private let old: Release?

    init(_ rollout: Rollout, from lastGood: Release?) {
        target = rollout.target
        steps = rollout.steps(from: lastGood)
        index = min(max(0, rollout.step), steps.count - 1)
        old = lastGood
    }

    var step: Step { steps[index] }
    var isLast: Bool { index == steps.count - 1 }
    var next: Step? { isLast ? nil : steps[index + 1] }
    /// Ready without a break for as long proves an instance.
    var window: TimeSpan { target.spec.deploy.effectiveMinHealthyTime }
    /// The share of requests that the new release has, whether or not this step is in place: what a step has given is
    /// not taken back, or capacity would be lost with it.
    func traffic(lit: Int?) -> Int? {
        guard step.traffic != nil else { return nil }
        guard let lit, steps.indices.contains(lit) else { return 0 }
        return steps[lit].traffic
    }
    /// No request is meant to reach the new release in this step.
    var isStillDark: Bool { step.traffic == 0 }

    /// Instances of the target that this step wants. What both releases make alike has nothing to prove.
    func want(of view: ProcessView) -> Int { isUnchanged(view) ? view.want : step.count(of: view.want) }

    /// What stops before it starts is replaced when all the rest is proven.
    func isLastInLine(_ view: ProcessView) -> Bool {
        view.spec.map { ProcessView.isStopFirst($0, in: target.spec) } ?? false
    }

    func surge(of view: ProcessView) -> Int {
        Planner.limits(target.spec.deploy, want: view.capacity).surge
    }

    func unavailable(of view: ProcessView) -> Int {
        Planner.limits(target.spec.deploy, want: view.capacity).unavailable
    }

    /// How many instances of the last good release stay in this step; `nil`: they go as the new ones come.
    func oldCount(of view: ProcessView, isRouted: Bool) -> Int? {
        guard steps.count > 1, !isUnchanged(view), view.otherWant > 0 else { return nil }
        switch target.spec.deploy.effectiveStrategy {
        case .rolling, .recreate:
            return nil
        case .blueGreen:
            return view.otherWant
        case .canary:
            let wanted = want(of: view)
            let beside = min(view.otherWant, view.capacity + surge(of: view) - wanted)
            if isRouted { return max(0, beside) }
            if isLast { return nil }
            // Without an edge the share of instances is the share of requests: as many old ones as make it that, or as
            // fit.
            let share = max(1, step.instances)
            return max(0, min(beside, (wanted * (100 - share) + share - 1) / share))
        }
    }

    private func isUnchanged(_ view: ProcessView) -> Bool {
        guard let template = view.template, let old else { return false }
        return old.templates[view.name]?.digest == template.digest
    }
}
