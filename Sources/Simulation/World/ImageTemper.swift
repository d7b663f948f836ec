/// How containers of an image behave. It stands in the tag, so that a story reads by itself: `shop:7-sick`.
enum ImageTemper: String, Sendable, CaseIterable {
    case good
    /// Serves after a while only.
    case slow
    /// Does not hear SIGTERM.
    case deaf
    /// Is in the registry only some time after the commit that names it.
    case tardy
    /// Exits with 1 soon after each start.
    case crash
    /// Runs, and never passes a probe.
    case sick
    /// Is killed for its memory soon after each start.
    case oom
    /// Ends by itself with code 0.
    case exit0
    case nostart
    case missing
    /// Is healthy and sick in turn.
    case flap
    /// Passes its checks, and dies minutes later, again and again.
    case late
    /// Passes its checks, and answers many requests with errors.
    case errors
    /// Runs, and nobody who asks learns how it is.
    case mute

    /// - Parameter image: a reference, pinned or not.
    init(image: String) {
        let reference = image.prefix { $0 != "@" }
        let tag = reference.split(separator: "-").last.map(String.init) ?? ""
        self = Self(rawValue: tag) ?? .good
    }

    /// A release made of it deserves to succeed.
    var isGood: Bool {
        switch self {
        case .good, .slow, .deaf, .tardy: true
        case .crash, .sick, .oom, .exit0, .nostart, .missing, .flap, .late, .errors, .mute: false
        }
    }

    static let goodOnes = Self.allCases.filter(\.isGood)
    static let badOnes = Self.allCases.filter { !$0.isGood }
}
