public import Model

/// What a forge tells, and is told.
extension Controller {
    public func hear(_ event: ForgeEvent, of source: SourceName) {
        switch event {
        case .push: syncHub.send(())
        case .pullRequest, .pullRequestClosed, .other: break
        }
    }
}
