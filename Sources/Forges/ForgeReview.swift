internal import Model
internal import Ports

/// What is the same on every forge where Slipway takes part in a review: its one comment, and proposals of its own.
struct ForgeReview: Sendable {
    var client: ForgeClient
    var limits: ForgeLimits
    var marker: String

    init(client: ForgeClient, limits: ForgeLimits, marker: String) {
        self.client = client
        self.limits = limits
        self.marker = "<!-- \(marker) -->"
    }

    /// Writes the comment, or changes the one that is there.
    ///
    /// Anybody may put the marker at the head of a comment, and on most forges who may write here may edit it: only
    /// what the token's own account has written is ours. Where that cannot be known, a new one is written, and its
    /// answer tells.
    /// - Parameters:
    ///   - text: what stands below the marker.
    ///   - known: the comments that are there, oldest first.
    ///   - path: of the comments of this pull request.
    ///   - edit: method and path that change one.
    func show(
        _ text: String, known: [WireComment], path: [String],
        edit: (_ id: Int64) -> (method: String, path: [String])
    ) async throws(ForgeError) {
        let body = ForgeText.body(marker + "\n" + text, limits.body)
        for comment in try await ours(known) {
            if comment.body == body { return }
            let (method, place) = edit(comment.id)
            do throws(ForgeError) {
                try await client.send(method, place, NewBody(body: body))
                return
            } catch  where error.code == .unauthorized || error.code == .notFound {
                // Locked, or gone meanwhile.
                continue
            }
        }
        try await client.create(path, NewBody(body: body))
    }

    private func ours(_ known: [WireComment]) async throws(ForgeError) -> [WireComment] {
        let marked = known.filter { $0.body?.hasPrefix(marker) == true }
        guard !marked.isEmpty, let account = try await client.accountID() else { return [] }
        return marked.filter { $0.writer == account }
    }

    /// - Parameters:
    ///   - open: the one of the branch that is open now.
    ///   - make: opens one.
    func propose(
        open: () async throws(ForgeError) -> PullRequest?,
        make: () async throws(ForgeError) -> PullRequest
    ) async throws(ForgeError) -> PullRequest {
        if let open = try await open() { return open }
        return try await make()
    }

    /// Says why, and closes it; nothing where none is open.
    func withdraw(
        _ open: PullRequest?, reason: String, path: (_ number: Int) -> [String],
        close: (_ number: Int) async throws(ForgeError) -> Void
    ) async throws(ForgeError) {
        guard let open else { return }
        try await client.create(path(open.number), NewBody(body: ForgeText.body(reason, limits.body)))
        try await close(open.number)
    }
}
