public import Model

/// What an app knows of the others of its release group.
public struct GroupView: Hashable, Sendable {
    public enum Decision: Hashable, Sendable {
        /// Not all are ready.
        case wait
        /// All are ready: each one succeeds now.
        case promote
        /// One has failed: each one goes back.
        case revert(Failure)
    }
    public var name: String
    /// The others that are in movement or about to be.
    public var others: [AppName]
    /// Each of them could begin now: nothing of a group starts before all of it can.
    public var isPrepared: Bool
    public var decision: Decision
}

/// Where an app stands in the movement of its group.
enum GroupState: Hashable, Sendable {
    /// It takes no part: nothing of it is to change, or a person has the word.
    case idle
    case preparing, moving
    /// All of it is proven.
    case ready
    case failed(Failure)
}

extension Planner {
    /// Plans apps that promote and revert together. Their plans belong into one transaction.
    ///
    /// Each is planned by itself first; if one has failed, or all are ready, they are planned again with that decision,
    /// so that no member is ever ahead of the others by more than its containers.
    public static func plan(group name: String, _ members: [AppInput]) -> [AppPlan] {
        let names = Set(members.map(\.app))
        var inputs = members.map { member in
            var member = member
            // They are moved together, so none can wait until another has arrived.
            member.unmetDependencies.removeAll { names.contains($0) }
            return member
        }
        let lifted = liftGroupQuarantines(&inputs)
        let pending = inputs.indices.filter { inputs[$0].isPendingInGroup }
        let returning = inputs.filter(\.isOnItsWayBack)
        let isPrepared = returning.isEmpty && pending.allSatisfy { inputs[$0].canBegin }
        let moving = (pending.map { inputs[$0].app } + returning.map(\.app)).sorted()
        for index in inputs.indices {
            inputs[index].group = GroupView(
                name: name, others: moving.filter { $0 != inputs[index].app }, isPrepared: isPrepared,
                decision: .wait)
        }
        let first = inputs.map { Planner.plan($0) }
        guard let decision = decision(inputs, first) else { return announced(first, inputs, lifted) }
        // A failure of what git does not want any more says nothing against what it wants now.
        let isOfNow = zip(inputs, first).contains { hasFailedWithWanted($0, $1) }
        let plans = zip(inputs, first).map { input, plan in
            switch plan.groupState {
            case .preparing where decision != .promote && !isOfNow:
                return plan
            case .preparing, .moving, .ready:
                var input = input
                input.group?.decision = decision
                return Planner.plan(input)
            case .idle, .failed, nil:
                return plan
            }
        }
        return announced(plans, inputs, lifted)
    }

    /// What went back only for another's sake comes again when that one has changed, or is no member any more, and all
    /// such members are back.
    ///
    /// - Returns: the apps whose wanted release is free again.
    private static func liftGroupQuarantines(_ inputs: inout [AppInput]) -> Set<AppName> {
        func entry(_ input: AppInput) -> Quarantined? {
            guard case .spec(let candidate) = input.desired, candidate.isConfirmed else { return nil }
            return input.memory.quarantine.last { $0.spec == candidate.digest }
        }
        guard !inputs.contains(where: { entry($0).map { $0.failure.cause != .group } ?? false }),
            !inputs.contains(where: \.isOnItsWayBack)
        else { return [] }
        var lifted: Set<AppName> = []
        for index in inputs.indices {
            guard let entry = entry(inputs[index]) else { continue }
            if case .held(let failure) = inputs[index].memory.rollout?.phase, failure.cause == .group {
                inputs[index].memory.rollout = nil
            }
            // Its own way back comes first.
            guard inputs[index].memory.rollout == nil else { continue }
            inputs[index].memory.quarantine.removeAll { $0.spec == entry.spec }
            lifted.insert(inputs[index].app)
        }
        return lifted
    }

    private static func announced(
        _ plans: [AppPlan], _ inputs: [AppInput], _ lifted: Set<AppName>
    ) -> [AppPlan] {
        zip(plans, inputs).map { plan, input in
            guard lifted.contains(input.app) else { return plan }
            var plan = plan
            plan.events.insert(
                PlannedEvent(.retried, message: "what it went back with has changed"), at: 0)
            return plan
        }
    }

    private static func hasFailedWithWanted(_ input: AppInput, _ plan: AppPlan) -> Bool {
        guard case .failed = plan.groupState else { return false }
        guard case .spec(let candidate) = input.desired, let rollout = plan.memory.rollout else {
            return true
        }
        return rollout.target.specDigest == candidate.digest
    }

    private static func decision(_ inputs: [AppInput], _ plans: [AppPlan]) -> GroupView.Decision? {
        for (input, plan) in zip(inputs, plans) {
            // One that goes back for another's sake took all with it then, and says nothing of what comes now.
            guard case .failed(let failure) = plan.groupState, failure.cause != .group else { continue }
            return .revert(
                Failure(
                    cause: .group,
                    message: "goes back with \(input.app) of its group, which \(failure.message)"))
        }
        // Git may want another one to move as well, and has not been heard.
        guard !inputs.contains(where: \.isUnheard) else { return nil }
        let taking = plans.filter { $0.groupState != .idle && $0.groupState != nil }
        return !taking.isEmpty && taking.allSatisfy { $0.groupState == .ready } ? .promote : nil
    }
}

extension AppInput {
    /// What git wants is neither there nor refused, and nobody has the word but git.
    var isPendingInGroup: Bool {
        guard case .spec(let candidate) = desired, candidate.isConfirmed, memory.pin == nil else {
            return false
        }
        if memory.rollout?.isDirect == true || memory.rollout?.isAdopted == true { return false }
        return memory.lastGood?.specDigest != candidate.digest
            && !memory.quarantine.contains { $0.spec == candidate.digest }
    }

    /// It moves, or is to move by what the mirror says, and git has not been heard since the controller started: nobody
    /// knows who moves with it.
    var isUnheard: Bool {
        guard memory.pin == nil else { return false }
        switch desired {
        case .keep(_, _, let isInvalid): return !isInvalid
        case .spec(let candidate):
            let isToMove =
                memory.lastGood?.specDigest != candidate.digest
                && !memory.quarantine.contains { $0.spec == candidate.digest }
            return !candidate.isConfirmed && (memory.rollout != nil || isToMove)
        case .remove, .heldRemoval: return false
        }
    }

    /// It goes back for another's sake from what git still wants.
    var isOnItsWayBack: Bool {
        guard case .spec(let candidate) = desired, let rollout = memory.rollout,
            case .rollingBack(let failure) = rollout.phase
        else { return false }
        return failure.cause == .group && rollout.target.specDigest == candidate.digest
    }

    /// The candidate could be rolled out now, or is.
    var canBegin: Bool {
        guard case .spec(let candidate) = desired else { return false }
        if memory.rollout?.target.specDigest == candidate.digest { return true }
        return prepared?.specDigest == candidate.digest && unmetDependencies.isEmpty && !memory.isPaused
            && isApproved(candidate)
    }

    func isApproved(_ candidate: Candidate) -> Bool {
        candidate.hold == nil
            && (candidate.spec.deploy.effectiveApproval != .beforeDeploy
                || memory.approvedSpec == candidate.digest)
    }
}

extension AppPlanning {
    /// Where the app stands after this plan.
    func groupStateNow() -> GroupState {
        if let rollout = memory.rollout {
            if rollout.isDirect || rollout.isAdopted == true { return .idle }
            switch rollout.phase {
            case .rollingBack(let failure), .held(let failure): return .failed(failure)
            // A person who has paused one has paused what it moves with.
            case .moving: return rollout.isReadyForGroup && !memory.isPaused ? .ready : .moving
            }
        }
        var after = input
        after.memory = memory
        return after.isPendingInGroup ? .preparing : .idle
    }

    /// One that has not begun when its group goes back stays out with it.
    mutating func quarantineUnbegun() {
        guard case .revert(let failure) = input.group?.decision, memory.rollout == nil,
            input.isPendingInGroup,
            case .spec(let candidate) = input.desired
        else { return }
        memory.quarantine.removeAll { $0.spec == candidate.digest }
        memory.quarantine.append(
            Quarantined(
                spec: candidate.digest, image: nil, release: memory.nextRelease, failure: failure, at: now))
    }
}
