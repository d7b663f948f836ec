internal import Model
internal import SpecLoading

extension ComposeReader {
    mutating func healthcheck(
        _ node: ForeignNode?, _ path: String, _ web: inout AppDraft.Process, _ app: inout AppDraft
    ) {
        guard let node, node.entries != nil else { return }
        let test = node["test"]
        let first = test?.items?.first?.text
        if node["disable"]?.flag == true || first == "NONE" || test?.text == "NONE" { return }
        guard let test else {
            notes.note(
                node, "image_healthcheck",
                "the check of the image is not used; without `healthcheck` a process is proven by its port, else by running",
                keyPath: path)
            return
        }
        guard let command = check(test, first, "\(path).test", &app) else { return }
        web.healthcheck.add("command", words: command)
        add("interval", node, path, 500...3_600_000, &web)
        add("timeout", node, path, 100...600_000, &web)
        if let text = filled(node["retries"], "\(path).retries", app: &app) {
            if let retries = Int(text), (1...100).contains(retries) {
                web.healthcheck.add("retries", number: retries)
            } else {
                outOfRange(node["retries"] ?? node, "\(path).retries", "1 to 100")
            }
        }
        add("start_interval", node, path, 100...600_000, &web)
        add("start_period", node, path, 0...3_600_000, &web)
    }

    private mutating func check(
        _ test: ForeignNode, _ first: String?, _ keyPath: String, _ app: inout AppDraft
    ) -> [String]? {
        guard let items = test.items else {
            return filled(test, keyPath, app: &app).map { ["/bin/sh", "-c", $0] }
        }
        var words: [String] = []
        for item in items.dropFirst() {
            guard let word = filled(item, keyPath, app: &app) else { return nil }
            words.append(word)
        }
        switch first {
        case "CMD" where !words.isEmpty: return words
        case "CMD-SHELL" where !words.isEmpty: return ["/bin/sh", "-c", words.joined(separator: " ")]
        default:
            notes.toDo(
                test, "bad_healthcheck",
                "the test begins with none of `CMD`, `CMD-SHELL` and `NONE`; write a `healthcheck`",
                keyPath: keyPath, app: &app, showsLine: false)
            return nil
        }
    }

    private mutating func add(
        _ key: String, _ node: ForeignNode, _ path: String, _ milliseconds: ClosedRange<Int64>,
        _ web: inout AppDraft.Process
    ) {
        if let span = span(node[key], "\(path).\(key)", milliseconds) {
            web.healthcheck.add(key, text: span.description)
        }
    }

    /// A duration within bounds; a finding, and `nil`, for one outside.
    mutating func span(
        _ node: ForeignNode?, _ keyPath: String, _ milliseconds: ClosedRange<Int64>
    ) -> TimeSpan? {
        guard let node, let text = node.text else { return nil }
        let filled = variables.fill(text)
        guard filled.missing.isEmpty, let span = SpanText.parse(filled.text) else {
            notes.note(
                node, "bad_duration", "this is not a duration that is known here; the default holds",
                keyPath: keyPath)
            return nil
        }
        guard milliseconds.contains(span.milliseconds) else {
            let low = TimeSpan.milliseconds(milliseconds.lowerBound)
            let high = TimeSpan.milliseconds(milliseconds.upperBound)
            outOfRange(node, keyPath, "\(low) to \(high)")
            return nil
        }
        return span
    }

    private mutating func outOfRange(_ node: ForeignNode, _ keyPath: String, _ range: String) {
        notes.note(node, "out_of_range", "the spec takes \(range) here; the default holds", keyPath: keyPath)
    }
}
