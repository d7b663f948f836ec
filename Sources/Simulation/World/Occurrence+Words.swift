internal import Model
internal import Ports

extension Occurrence {
    var takesEngineAway: Bool {
        switch kind {
        case .engineRestart, .reboot: true
        default: false
        }
    }

    /// For the story.
    var sentence: String { "\(id): \(words)" }

    private var words: String {
        switch kind {
        case .push(let commit): "a push of \(commit.subject)"
        case .ask(let request, _): "a person asks for \(request.rawValue)"
        case .crash(let point, let again):
            "the controller is killed \(point.rawValue)"
                + (again > 0 ? ", and \(again)× more after its start" : "")
        case .terminate: "the controller gets SIGTERM"
        case .suspend(let span, let hasSecond):
            "the controller gets SIGSTOP for \(span)" + (hasSecond ? ", and another one is started" : "")
        case .events(let trouble, let span): "events: \(trouble) for \(span)"
        case .read(let trouble, let span): "reads: \(trouble) for \(span)"
        case .call(let trouble, let percent, let span):
            "the engine \(trouble.rawValue), \(percent) % of calls for \(span)"
        case .registry(let trouble, let span): "the registry is \(trouble.rawValue) for \(span)"
        case .life(let trouble): "an instance: \(trouble)"
        case .engineRestart(let span): "the engine restarts and is away for \(span)"
        case .reboot(let span): "the host reboots and is away for \(span)"
        case .diskFull(let span): "the disk is full for \(span)"
        case .wallClock(let seconds): "the wall clock jumps by \(seconds) s"
        case .hand(let work): "somebody \(work.rawValue) a container"
        case .storeRefuses(let code, let span): "the store says \(code.rawValue) for \(span)"
        case .storeRestored: "the store is put back to a backup"
        case .storeLost: "the store is lost"
        case .git(let code, let span): "git says \(code.rawValue) for \(span)"
        case .gitContent(let content, let span): "the branch holds \(content.rawValue) for \(span)"
        case .edge(let trouble, let span): "the edge \(trouble.rawValue) for \(span)"
        case .pruneImages: "somebody removes the images that no container uses"
        case .moveTag: "a tag is moved to another digest"
        case .foreignImage(_, let span): "a tag names an image of another kind of machine for \(span)"
        case .takeName(_, let span): "a stranger has the name of an instance to come for \(span)"
        case .names(let trouble, let span): "names: \(trouble.rawValue) is not resolved for \(span)"
        case .partition(let partition, let span): "\(partition.rawValue) for \(span)"
        case .descriptors(let side, let span): "the \(side.rawValue) has no file descriptor left for \(span)"
        case .storeCut(let lost): "the store comes back without its last \(lost) records"
        case .storeOfYesterday: "yesterday's store is put back"
        }
    }
}
