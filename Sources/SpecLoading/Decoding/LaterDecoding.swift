internal import Model

extension SpecDecoder {
    /// Where instances of a process may stand.
    func decodePlacement(_ fields: Fields, process: ProcessName, pattern: String) {
        if let field = fields["placement"], let placement = placement(field, pattern: "\(pattern)placement") {
            later.placement[process] = placement
        }
    }

    private func placement(_ field: Field, pattern: String) -> PlacementSpec? {
        guard let fields = fields(field, pattern) else { return nil }
        let spread = checked(fields["spread"], "bad_label", wanted: "a label of nodes such as `zone`") {
            Grammar.nodeLabel($0)
        }
        let constraints = (list(fields["constraints"], limit: 32) ?? []).compactMap { constraint($0) }
        return PlacementSpec(spread: spread, constraints: constraints)
    }

    private func constraint(_ field: Field) -> PlacementSpec.Constraint? {
        let wanted = "a constraint such as `disk==ssd` or `disk!=ssd`"
        guard let text = text(field, wanted: wanted) else { return nil }
        for (sign, isEqual) in [("==", true), ("!=", false)] {
            let parts = text.split(separator: sign, omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ Grammar.nodeLabel($0) }) else { continue }
            return .init(label: String(parts[0]), isEqual: isEqual, value: String(parts[1]))
        }
        error(
            "bad_label", "`\(field.path)` must be \(wanted), not `\(Printable.text(text))`", at: field.mark,
            field.path)
        return nil
    }

    /// What stands at the top and is not acted on yet.
    func decodeLater(_ top: Fields, processes: [ProcessSpec]) {
        autoscaling(top["autoscaling"], processes: processes)
    }

    private func autoscaling(_ field: Field?, processes: [ProcessSpec]) {
        guard let field, let fields = fields(field, "autoscaling") else { return }
        let least = integer(require(fields, "min"), in: 1...1_000)
        let most = integer(require(fields, "max"), in: 1...1_000)
        let target = percent(require(fields, "target_cpu"), in: 1...100)
        if !processes.contains(where: { $0.name.rawValue == "web" }) {
            error(
                "autoscaling_without_web", "`autoscaling` is about the process `web`, and there is none",
                at: field.mark, field.path)
        }
        guard let least, let most, let target else { return }
        guard least <= most else {
            error(
                "out_of_range", "`autoscaling.min` (\(least)) is above `max` (\(most))",
                at: fields.mark(of: "min"),
                fields.path(of: "min"))
            return
        }
        later.autoscaling = AutoscalingSpec(min: least, max: most, targetCPU: target)
    }
}
