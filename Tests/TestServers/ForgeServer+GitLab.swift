extension ForgeServer {
    static func gitlab(_ request: Request, _ parts: [String], _ state: inout State) -> Answer? {
        let isSparse = state.isSparse
        func written(_ pull: Pull) -> JSONValue { ForgeDocuments.gitlabRequest(pull, isSparse: isSparse) }
        switch (request.method, parts.first, parts.count) {
        case ("POST", "statuses", 2): return gitlabStatus(parts[1], request, &state)
        case ("GET", "repository", 4) where parts[3] == "statuses":
            let name = request.parameter("name")
            // Only the latest of each name, unless all are asked for.
            let last = state.statuses.enumerated().filter {
                $0.element.commit == parts[2] && (name == nil || $0.element.context == name)
            }.suffix(1)
            return page(Array(last), request, state) {
                ForgeDocuments.gitlabStatus($0.element, $0.offset + 1, isSparse: isSparse)
            }
        case ("GET", "repository", 4) where parts[3] == "merge_requests":
            return page(parts[2].hasPrefix("4") ? [merged] : [], request, state, written)
        case ("GET", "merge_requests", 3) where parts[2] == "approvals":
            return Answer(ForgeDocuments.gitlabApprovals(state.reviews, isSparse: isSparse))
        case ("GET", "merge_requests", 3) where parts[2] == "notes":
            let isAscending = request.parameter("sort") == "asc"
            return page(isAscending ? state.comments : state.comments.reversed(), request, state) {
                $0.isHidden ? .none : ForgeDocuments.gitlabNote($0, isSparse: isSparse)
            }
        case ("POST", "merge_requests", 3) where parts[2] == "notes":
            return .created(
                ForgeDocuments.gitlabNote(Self.comment(request, &state), isSparse: isSparse))
        case ("PUT", "merge_requests", 4) where parts[2] == "notes":
            if let refusal = edit(parts[3], request, &state) { return refusal }
            return state.comments.first { "\($0.id)" == parts[3] }
                .map { Answer(ForgeDocuments.gitlabNote($0, isSparse: isSparse)) }
        case ("GET", "merge_requests", 1):
            let branch = request.parameter("source_branch")
            return page(
                state.pulls.filter { $0.isOpen && (branch == nil || $0.head == branch) }, request, state,
                written)
        case ("POST", "merge_requests", 1):
            let made = open(
                head: request.text("source_branch") ?? "", base: request.text("target_branch") ?? "",
                body: request.text("description"), request, &state)
            return made.map { .created(written($0)) }
                ?? Answer(
                    ["message": ["Another open merge request already exists for this source branch: !20"]],
                    status: "409 Conflict")
        case ("PUT", "merge_requests", 2): return close(parts[1], &state).map { Answer(written($0)) }
        default: return nil
        }
    }

    private static func gitlabStatus(_ commit: String, _ request: Request, _ state: inout State) -> Answer {
        let made = Status(
            commit: commit, state: request.text("state") ?? "",
            context: request.text("name") ?? request.text("context") ?? "default",
            description: request.text("description") ?? "")
        let last = state.statuses.last { $0.commit == commit && $0.context == made.context }
        if last?.state == made.state, made.state == "pending" {
            return Answer(
                ["message": "Cannot transition status via :enqueue from :pending"], status: "400 Bad Request")
        }
        state.statuses.append(made)
        return .created(
            ForgeDocuments.gitlabStatus(made, state.statuses.count, isSparse: state.isSparse))
    }
}
