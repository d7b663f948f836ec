public import Model
public import Ports

extension GitRepository: SourceWriter, ProposalReader {
    public func revert(_ order: RevertOrder) async throws(SourceError) -> RevertResult {
        let heads = try await publish(.revert(order))
        if let reason = heads.overtaken { return .overtaken(reason) }
        guard let commit = heads.head else { return .nothingToDo }
        let target = RevertWriter(order: order).target
        return .pushed(commit, branch: String(target.dropFirst("refs/heads/".count)))
    }

    public func proposal(
        _ reference: String, into branch: String
    ) async throws(SourceError) -> Proposal {
        let heads = try await propose(reference, into: try BranchName(branch))
        guard let base = heads.head, let head = heads.proposed, let merged = heads.merged else {
            throw SourceError(.internal, "The fetch helper answered without saying what the merge would be.")
        }
        return Proposal(base: base, head: head, merged: merged)
    }
}
