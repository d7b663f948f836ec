/// GitHub, Gitea and Forgejo.
extension ForgeServer {
    static func github(_ request: Request, _ parts: [String], _ state: inout State) -> Answer? {
        let (isGitHub, isSparse) = (request.kind == .github, state.isSparse)
        func pull(_ pull: Pull) -> JSONValue {
            isGitHub
                ? ForgeDocuments.githubPull(pull, isSparse: isSparse)
                : ForgeDocuments.giteaPull(pull, isSparse: isSparse)
        }
        func status(_ status: Status, _ id: Int) -> JSONValue {
            isGitHub
                ? ForgeDocuments.githubStatus(status, id, isSparse: isSparse)
                : ForgeDocuments.giteaStatus(status, id, isSparse: isSparse)
        }
        func comment(_ comment: Comment) -> JSONValue {
            isGitHub
                ? ForgeDocuments.githubComment(comment, isSparse: isSparse)
                : ForgeDocuments.giteaComment(comment, isSparse: isSparse)
        }
        switch (request.method, parts.first, parts.count) {
        case ("POST", "statuses", 2):
            let made = Status(
                commit: parts[1], state: request.text("state") ?? "",
                context: request.text("context") ?? "default",
                description: request.text("description") ?? "")
            state.statuses.append(made)
            return .created(status(made, state.statuses.count))
        case ("GET", "commits", 3) where parts[2] == "statuses":
            let all = state.statuses.enumerated().filter { $0.element.commit == parts[1] }
            // Gitea sorts by times in seconds: what came within one is in any order.
            return page(isGitHub ? all.reversed() : all, request, state) { status($0.element, $0.offset + 1) }
        case ("GET", "commits", 3) where isGitHub && parts[2] == "pulls":
            return page(parts[1].hasPrefix("4") ? [merged] : [], request, state, pull)
        case ("GET", "commits", 3) where !isGitHub && parts[2] == "pull":
            return parts[1].hasPrefix("4") ? Answer(pull(merged)) : nil
        case ("GET", "pulls", 3) where parts[2] == "reviews":
            let all = Array(state.reviews.enumerated())
            return page(all, request, state, hasLinks: isGitHub) {
                isGitHub
                    ? ForgeDocuments.githubReview($0.element, $0.offset, isSparse: isSparse)
                    : ForgeDocuments.giteaReview($0.element, $0.offset, isSparse: isSparse)
            }
        case ("GET", "issues", 3) where parts[2] == "comments":
            return isGitHub
                ? page(state.comments, request, state, comment)
                : Answer(.array(state.comments.map(comment)))
        case ("POST", "issues", 3) where parts[2] == "comments":
            return .created(comment(Self.comment(request, &state)))
        case ("PATCH", "issues", 3) where parts[1] == "comments":
            if let refusal = edit(parts[2], request, &state) { return refusal }
            return state.comments.first { "\($0.id)" == parts[2] }.map { Answer(comment($0)) }
        case ("GET", "pulls", 1):
            // GitHub's filter names the owner, who may have a fork beside it.
            let head = request.parameter("head").map { String($0.drop { $0 != ":" }.dropFirst()) }
            let open = state.pulls.filter { $0.isOpen && (head == nil || $0.head == head) }
            return page(open, request, state, pull)
        case ("POST", "pulls", 1):
            let made = open(
                head: request.text("head") ?? "", base: request.text("base") ?? "",
                body: request.text("body"), request, &state)
            if let made { return .created(pull(made)) }
            return isGitHub
                ? Answer(
                    [
                        "message": "Validation Failed", "documentation_url": "https://docs.github.com/rest",
                        "errors": [
                            [
                                "resource": "PullRequest", "code": "custom",
                                "message": "A pull request already exists for team:x."
                            ]
                        ], "status": "422"
                    ], status: "422 Unprocessable Entity")
                : Answer(["message": "pull request already exists"], status: "409 Conflict")
        case ("PATCH", "pulls", 2):
            guard let closed = close(parts[1], &state) else { return nil }
            return isGitHub ? Answer(pull(closed)) : .created(pull(closed))
        default: return nil
        }
    }
}
