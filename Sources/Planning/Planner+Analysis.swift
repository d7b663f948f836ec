import Model

/// What the checks of a step say of the new release.
enum StepVerdict {
    /// The step has not held long enough.
    case baking(until: Instant)
    case good
    /// Too few requests to tell; a person may.
    case insufficient
    case bad(Failure)
}

extension AppPlanning {
    /// Judges the present step. What is bad is bad at once; what is good has to stay so until the bake is over.
    ///
    /// - Parameter isPromoted: a person does not want to wait; only what is bad counts then.
    func analyse(_ rollout: Rollout, _ movement: Movement, isPromoted: Bool) -> StepVerdict {
        var verdict = StepVerdict.good
        for (index, spec) in checks(rollout, movement).enumerated() {
            switch judge(spec, index, rollout) {
            case .bad(let failure): return .bad(failure)
            case .baking(let until): if !isPromoted { verdict = .baking(until: until) }
            case .insufficient:
                if case .good = verdict, !isPromoted { verdict = .insufficient }
            case .good: break
            }
        }
        let due = (rollout.bakingSince ?? now) + movement.step.bake
        if !isPromoted, now < due, !isPlanted(.bakeIgnored) { return .baking(until: due) }
        guard case .insufficient = verdict else { return verdict }
        return whenInsufficient(rollout, movement)
    }

    /// Where no request is meant to reach the release yet, there is nothing to judge.
    private func checks(_ rollout: Rollout, _ movement: Movement) -> [AnalysisSpec] {
        guard movement.steps.count > 1, !movement.isStillDark else { return [] }
        return rollout.target.spec.deploy.analysis ?? []
    }

    private func whenInsufficient(_ rollout: Rollout, _ movement: Movement) -> StepVerdict {
        let undecided = checks(rollout, movement).enumerated().filter { index, spec in
            if case .insufficient = judge(spec, index, rollout) { return true }
            return false
        }
        let policies = undecided.map(\.element.effectiveOnInsufficient)
        if policies.contains(.rollback) {
            return .bad(
                Failure(
                    cause: .evidence,
                    message: "had too few requests in step \(rollout.step + 1) to be judged by"))
        }
        return policies.contains(.hold) ? .insufficient : .good
    }

    private func judge(_ spec: AnalysisSpec, _ index: Int, _ rollout: Rollout) -> StepVerdict {
        switch spec.check {
        case .command, .http, .prometheus:
            let run = input.analysisRuns[index] ?? AnalysisRun()
            if run.failures >= spec.effectiveFailures {
                return .bad(
                    Failure(
                        cause: .analysis,
                        message: "failed check \(index + 1) of its analysis ×\(run.failures): \(run.message)",
                        evidence: [run.message]))
            }
            return run.passes > 0 && run.failures == 0 ? .good : .baking(until: now + spec.effectiveEvery)
        case .metric(let metric, let limit, let compares, let tolerance, let least):
            let least = Int64(least ?? AnalysisSpec.defaultMinRequests)
            let new = counted(of: rollout.target.number, rollout)
            guard new.requests >= least else { return .insufficient }
            // Once the new release has all the requests, there is nothing to compare it with.
            let compares = compares && Movement(rollout, from: memory.lastGood).step.traffic != 100
            let old = memory.lastGood.map { counted(of: $0.number, rollout) }
            let reference = compares ? old.flatMap { $0.requests >= least ? $0 : nil } : nil
            // Compared with nothing, a figure says half of what was asked for.
            if compares, reference == nil { return .insufficient }
            let reading = MetricReading(metric: metric, limit: limit, tolerance: tolerance ?? 0)
            switch reading.verdict(new, reference) {
            case .good: return .good
            case .insufficient: return .insufficient
            case .bad(let complaint):
                return .bad(Failure(cause: .analysis, message: complaint, evidence: [complaint]))
            }
        }
    }

    private func counted(of release: ReleaseNumber, _ rollout: Rollout) -> TrafficFigures {
        let now = figures()[release] ?? TrafficFigures()
        return now.since(rollout.baseline[release] ?? TrafficFigures())
    }

    /// Asks the controller to run the commands and requests of the step's analysis.
    mutating func orderAnalysis(_ rollout: Rollout, _ views: [ProcessView]) {
        let movement = Movement(rollout, from: memory.lastGood)
        for (index, spec) in checks(rollout, movement).enumerated() {
            let subject: AnalysisOrder.Subject
            switch spec.check {
            case .metric: continue
            case .command(let command): subject = .instance(.command(command))
            case .http(let path): subject = .instance(.http(path: path, host: nil, port: nil))
            case .prometheus(let query): subject = .query(filled(query, rollout))
            }
            let instance = views.first { view in
                if case .instance(.http) = subject, view.spec?.port == nil { return false }
                return view.mine.contains(where: \.isReady)
            }?.mine.first(where: \.isReady)
            guard let instance else { continue }
            plan.analysis.append(
                AnalysisOrder(
                    release: rollout.target.number, step: rollout.step, index: index, container: instance.id,
                    subject: subject, every: spec.effectiveEvery))
        }
    }

    private func filled(_ query: String, _ rollout: Rollout) -> String {
        query.replacing("${app}", with: input.app.rawValue).replacing(
            "${release}", with: "\(rollout.target.number)")
    }
}
