internal import Execution
internal import FoundationEssentials
internal import Model
internal import Ports

/// Runs `slipway-fetch` once. Secrets go through its standard input, never through arguments or environment.
struct FetchHelperProcess {
    var program: String
    /// The helper's home directory: holds no configuration of git, only what the helper puts there.
    var home: String
    var timeout: Duration

    /// What the remote has, after what was asked for.
    struct Heads {
        /// Of the branch, or of what was pushed to; `nil` where there is nothing.
        var head: CommitID?
        var notes: CommitID?
        var tags: [ObjectID] = []
        var proposed: CommitID?
        var merged: CommitID?
        var overtaken: String?
    }

    func run(_ request: FetchRequest, isCancelled: @Sendable () -> Bool) throws(SourceError) -> Heads {
        let input = try encode(request)
        let output: Subprocess.Output
        do throws(Subprocess.Failure) {
            output = try Subprocess.run(
                [program], environment: ["PATH": "/usr/bin:/bin", "HOME": home, "LC_ALL": "C.UTF-8"],
                input: input, timeout: timeout, outputLimitInBytes: 64 << 10, isCancelled: isCancelled)
        } catch {
            throw SourceError(.internal, "The fetch helper cannot be run: \(error.message).")
        }
        if output.timedOut {
            let limit = timeout.formattedSeconds
            throw SourceError(
                .timeout,
                "\(request.url) did not finish answering within \(limit). Check the network, or raise the "
                    + "time limit if the first fetch of a large repository needs longer.")
        }
        if isCancelled() { throw SourceError(.internal, "The fetch of \(request.url) was cancelled.") }
        guard let answer = try? JSONDecoder().decode(FetchAnswer.self, from: Data(output.standardOutput))
        else {
            // No answer at all: it was killed, or crashed. Its own words go along, since they may say why.
            let said = Text.printable(
                String(decoding: output.standardError.suffix(300), as: UTF8.self), limit: 300)
            throw SourceError(
                .internal,
                "The fetch helper ended with \(output.exitCode) before it answered "
                    + "for \(request.url). \(said)"
            )
        }
        return try heads(of: answer)
    }

    private func encode(_ request: FetchRequest) throws(SourceError) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(request))
        } catch {
            // The error itself is left out: it may quote the request, which holds secrets.
            throw SourceError(
                .internal, "The request to the fetch helper for \(request.url) cannot be written.")
        }
    }

    private func heads(of answer: FetchAnswer) throws(SourceError) -> Heads {
        if answer.ok {
            return Heads(
                head: answer.head.flatMap(CommitID.init(_:)), notes: answer.notes.flatMap(CommitID.init(_:)),
                // A tag's id has the form of a commit's.
                tags: (answer.tags ?? []).compactMap(CommitID.init(_:)).map(ObjectID.init(_:)),
                proposed: answer.proposed.flatMap(CommitID.init(_:)),
                merged: answer.merged.flatMap(CommitID.init(_:)), overtaken: answer.overtaken)
        }
        let code = answer.code.flatMap(SourceError.Code.init(rawValue:)) ?? .internal
        throw SourceError(code, answer.message ?? "The fetch helper answered without saying anything.")
    }
}

extension Duration {
    /// `2.5 s`.
    fileprivate var formattedSeconds: String {
        let (seconds, attoseconds) = components
        let tenths = attoseconds / 100_000_000_000_000_000
        return tenths == 0 ? "\(seconds) s" : "\(seconds).\(tenths) s"
    }
}
