internal import Model

extension SpecDecoder {
    func deploy(_ field: Field?) -> DeploySpec {
        guard let field, let fields = fields(field, "deploy") else { return DeploySpec() }
        let spec = DeploySpec(
            strategy: choice(fields["strategy"], DeployStrategy.self), maxSurge: portion(fields["max_surge"]),
            maxUnavailable: portion(fields["max_unavailable"]),
            minHealthyTime: duration(fields["min_healthy_time"], from: .zero, to: .minutes(60)),
            timeout: duration(fields["timeout"], from: .seconds(1), to: .minutes(24 * 60)),
            rollback: boolean(fields["rollback"]), approval: choice(fields["approval"], Approval.self),
            steps: steps(fields["steps"]), bake: duration(fields["bake"], from: .zero, to: .minutes(24 * 60)),
            analysis: list(fields["analysis"], limit: 16)?.compactMap { analysis($0) },
            canaryMatch: trialMatch(fields["canary_match"]),
            preview: checked(
                fields["preview"], "bad_host",
                wanted: "a host name in lower case, such as `next.example.com`",
                { Grammar.host($0, isWildcardAllowed: false) }))
        check(spec, fields)
        return spec
    }

    private func check(_ spec: DeploySpec, _ fields: Fields) {
        let isStuck = isZero(spec.effectiveMaxSurge) && isZero(spec.effectiveMaxUnavailable)
        if isStuck, spec.effectiveStrategy != .recreate {
            error(
                "no_room_to_move",
                "`max_surge` and `max_unavailable` are both 0, so no instance could ever be replaced; raise one of them",
                at: fields.mark(of: "max_surge"), fields.path(of: "max_surge"))
        }
        if spec.effectiveMinHealthyTime >= spec.effectiveTimeout {
            let key = fields.has("min_healthy_time") ? "min_healthy_time" : "timeout"
            error(
                "min_healthy_time_too_long",
                "`min_healthy_time` (\(spec.effectiveMinHealthyTime)) must be shorter than `timeout`"
                    + " (\(spec.effectiveTimeout)), or every rollout would fail",
                at: fields.mark(of: key), fields.path(of: key))
        }
        let strategy = spec.effectiveStrategy
        if strategy.movesTraffic, spec.effectiveBake >= spec.effectiveTimeout {
            let key = fields.has("bake") ? "bake" : "timeout"
            error(
                "bake_too_long",
                "`bake` (\(spec.effectiveBake)) must be shorter than `timeout` (\(spec.effectiveTimeout)), the longest"
                    + " time without progress, or every rollout would fail",
                at: fields.mark(of: key), fields.path(of: key))
        }
        if fields.keyMarks["steps"] != nil, strategy != .canary {
            error(
                "only_with_canary",
                "`steps` belongs to `strategy: canary`, and the strategy is `\(strategy.rawValue)`",
                at: fields.mark(of: "steps"), fields.path(of: "steps"))
        }
        for key in ["bake", "analysis", "canary_match", "preview"]
        where fields.keyMarks[key] != nil && !strategy.movesTraffic {
            error(
                "only_with_canary_or_blue_green",
                "`\(key)` belongs to `strategy: canary` and `blue_green`, and the strategy is"
                    + " `\(strategy.rawValue)`", at: fields.mark(of: key), fields.path(of: key))
        }
        checkAnalysis(spec, fields)
        for key in ["max_surge", "max_unavailable"] where fields.has(key) && strategy == .recreate {
            warning(
                "no_effect", "`\(key)` has no effect with `strategy: recreate`", at: fields.mark(of: key),
                fields.path(of: key))
        }
        if spec.approval == .beforePromote, !strategy.movesTraffic {
            error(
                "bad_approval",
                "`before_promote` needs `strategy: canary` or `blue_green`; use `before_deploy`",
                at: fields.mark(of: "approval"), fields.path(of: "approval"))
        }
    }

    private func checkAnalysis(_ spec: DeploySpec, _ fields: Fields) {
        guard spec.strategy == .blueGreen, let checks = spec.analysis, !checks.isEmpty else { return }
        let mark = fields.mark(of: "analysis")
        if spec.effectiveBake == .zero {
            error(
                "analysis_without_bake",
                "`analysis` of a `blue_green` rollout is judged while the new release bakes, and its `bake` is 0s;"
                    + " give it a time such as `bake: 60s`", at: mark, fields.path(of: "analysis"))
        }
        let compares = checks.contains { spec in
            if case .metric(_, _, comparesWithLastGood: true, _, _) = spec.check { return true }
            return false
        }
        if compares {
            error(
                "nothing_to_compare_with",
                "`compare: last_good` needs requests to both releases, and after a `blue_green` switch the last good one"
                    + " gets none; leave `max` alone to judge", at: mark, fields.path(of: "analysis"))
        }
    }

    private func isZero(_ portion: Portion) -> Bool { portion == .count(0) || portion == .percent(0) }

    private func steps(_ field: Field?) -> [Int]? {
        guard let field, let items = list(field, limit: 20) else { return nil }
        guard !items.isEmpty else {
            error(
                "out_of_range",
                "`\(field.path)` is empty; leave the key out, or write `[5%, 25%, 50%, 100%]`",
                at: field.mark, field.path)
            return nil
        }
        var steps: [Int] = []
        for item in items {
            guard let share = percent(item, in: 1...100) else { return nil }
            if let last = steps.last, share <= last {
                error(
                    "steps_fall",
                    "the step \(share)% comes after \(last)%; each step must be larger than the one before",
                    at: item.mark, item.path)
                return nil
            }
            steps.append(share)
        }
        if steps.last != 100, let last = items.last {
            error("steps_end_early", "the last step must be `100%`", at: last.mark, last.path)
        }
        return steps
    }

    private func analysis(_ field: Field) -> AnalysisSpec? {
        guard let fields = fields(field, "deploy.analysis[]") else { return nil }
        let kinds = ["metric", "command", "http", "prometheus"].filter { fields.keyMarks[$0] != nil }
        guard let kind = kinds.first, kinds.count == 1 else {
            error(
                "bad_analysis",
                "`\(field.path)` takes exactly one of `metric`, `command`, `http` and `prometheus`",
                at: field.mark, field.path)
            return nil
        }
        let every = duration(fields["every"], from: .seconds(1), to: .minutes(60))
        let failures = integer(fields["failures"], in: SpecRange.retries)
        let policy = choice(fields["on_insufficient"], AnalysisSpec.EvidencePolicy.self)
        let metricKeys = ["max", "compare", "tolerance", "min_requests", "on_insufficient"]
        for key in metricKeys where kind != "metric" && fields.has(key) {
            error(
                "no_effect", "`\(key)` means nothing beside `\(kind)`; remove it", at: fields.mark(of: key),
                fields.path(of: key))
        }
        for key in ["every", "failures"] where kind == "metric" && fields.has(key) {
            error(
                "no_effect",
                "`\(key)` means nothing beside `metric`, which is judged all the time; remove it",
                at: fields.mark(of: key), fields.path(of: key))
        }
        let check: AnalysisSpec.Check?
        switch kind {
        case "metric": check = metric(fields)
        case "command": check = command(fields["command"]).map { .command($0) }
        case "prometheus":
            check = checked(
                fields["prometheus"], "bad_query",
                wanted: "a condition such as `rate(errors_total[1m]) < 0.05`",
                { (1...2_000).contains($0.utf8.count) && !Grammar.hasControls($0) }
            ).map { .prometheus(query: $0) }
        default:
            let wanted = "a path that begins with `/` and has no blanks, such as `/smoke`"
            check = checked(fields["http"], "bad_path", wanted: wanted, Grammar.urlPath).map {
                .http(path: $0)
            }
        }
        return check.map { AnalysisSpec(check: $0, every: every, failures: failures, onInsufficient: policy) }
    }

    private func metric(_ fields: Fields) -> AnalysisSpec.Check? {
        let metric = choice(fields["metric"], AnalysisSpec.Metric.self)
        let field = require(fields, "max")
        let compare = choice(fields["compare"], Comparison.self)
        let tolerance = percent(fields["tolerance"], in: 0...1_000)
        if fields.has("tolerance"), !fields.has("compare") {
            error(
                "no_effect", "`tolerance` means nothing without `compare: last_good`",
                at: fields.mark(of: "tolerance"),
                fields.path(of: "tolerance"))
        }
        let requests = integer(fields["min_requests"], in: SpecRange.requests)
        guard let metric, let field, let limit = limit(field, of: metric) else { return nil }
        return .metric(
            metric, max: limit, comparesWithLastGood: compare != nil, tolerance: tolerance,
            minRequests: requests)
    }

    private enum Comparison: String, CaseIterable { case lastGood = "last_good" }

    private func limit(_ field: Field, of metric: AnalysisSpec.Metric) -> AnalysisSpec.Limit? {
        guard metric == .errorRate else {
            return duration(field, from: .milliseconds(1), to: .minutes(60)).map { .time($0) }
        }
        guard case .scalar(let text, _) = field.node.content, text.hasSuffix("%"),
            let hundredths = DecimalText.parse(String(text.dropLast()), scale: 100),
            (0...10_000).contains(hundredths)
        else {
            error(
                "bad_number", "`\(field.path)` must be a share such as `1%` or `0.5%`", at: field.mark,
                field.path)
            return nil
        }
        return .share(Int(hundredths))
    }
}
