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
        let pending = inputs.filter(\.isPendingInGroup)
        let isPrepared = pending.allSatisfy(\.canBegin)
        for index in inputs.indices {
            inputs[index].group = GroupView(
                name: name, others: pending.map(\.app).filter { $0 != inputs[index].app }.sorted(),
                isPrepared: isPrepared, decision: .wait)
        }
        let first = inputs.map { Planner.plan($0) }
        guard let decision = decision(inputs, first) else { return first }
        return zip(inputs, first).map { input, plan in
            switch plan.groupState {
            case .preparing, .moving, .ready:
                var input = input
                input.group?.decision = decision
                return Planner.plan(input)
            case .idle, .failed, nil:
                return plan
            }
        }
    }

    private static func decision(_ inputs: [AppInput], _ plans: [AppPlan]) -> GroupView.Decision? {
        for (input, plan) in zip(inputs, plans) {
            guard case .failed(let failure) = plan.groupState else { continue }
            // One that goes back for another's sake is not the cause.
            if failure.cause == .group { return .revert(failure) }
            return .revert(
                Failure(
                    cause: .group,
                    message: "goes back with \(input.app) of its group, which \(failure.message)"))
        }
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

    /// The candidate could be rolled out now, or is.
    var canBegin: Bool {
        guard case .spec(let candidate) = desired else { return false }
        if memory.rollout?.target.specDigest == candidate.digest { return true }
        return prepared?.specDigest == candidate.digest && unmetDependencies.isEmpty && !memory.isPaused
            && isApproved(candidate)
    }

    func isApproved(_ candidate: Candidate) -> Bool {
        candidate.spec.deploy.effectiveApproval != .beforeDeploy || memory.approvedSpec == candidate.digest
    }
}

extension AppPlanning {
    /// Where the app stands after this plan.
    func groupStateNow() -> GroupState {
        if let rollout = memory.rollout {
            if rollout.isDirect || rollout.isAdopted == true { return .idle }
            switch rollout.phase {
            case .rollingBack(let failure), .held(let failure): return .failed(failure)
            case .moving: return rollout.isReadyForGroup ? .ready : .moving
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
