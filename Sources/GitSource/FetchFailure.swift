internal import CGit2
internal import Ports

/// Turns what libgit2 says of a failed fetch into a code and a sentence that says what to do.
struct FetchFailure {
    var address: RemoteAddress
    var branch: BranchName
    var monitor: FetchMonitor

    func explain(_ error: GitError) -> SourceError {
        let place = address.text
        if let known = explainFromMonitor() { return known }
        let text = error.text
        if text.contains("No space left") || text.contains("Disk quota") {
            return SourceError(
                .diskFull,
                "No space for the mirror of \(place): \(text). Free space, or move the state directory.")
        }
        if text.contains("File too large") || text.contains("maximum object size") {
            return tooLarge
        }
        if error.call == "proposal" {
            return SourceError(
                .refused, "The pull request cannot be merged into \(branch.text) as it stands: \(text).")
        }
        if error.call == "push" {
            return SourceError(
                .refused,
                "The push to \(place) was refused: \(text). Check what the credentials may do there, and what "
                    + "protects the reference.")
        }
        if error.call == "mirror" { return error.damage("the mirror of \(place)") }
        if error.call == "known_hosts" {
            return SourceError(.invalidConfiguration, "The SSH setup is not usable: \(text).")
        }
        let status = httpStatus(in: text)
        if error.code == GIT_EAUTH.rawValue || status == 401 || status == 403 {
            return unauthorized(text)
        }
        if status == 404 || isMissing(error) {
            return SourceError(
                .notFound,
                "There is no repository at \(place), or these credentials may not see it. Check the address "
                    + "and the token's or key's rights. (\(text))")
        }
        if text.contains("redirect") { return redirected(text) }
        switch error.category {
        case GIT_ERROR_SSL.rawValue:
            return SourceError(.certificate, "The TLS connection to \(place) failed: \(text).")
        case GIT_ERROR_SSH.rawValue where text.contains("uthenticat") || text.contains("key"):
            return unauthorized(text)
        case GIT_ERROR_NET.rawValue, GIT_ERROR_OS.rawValue, GIT_ERROR_HTTP.rawValue, GIT_ERROR_SSH.rawValue:
            return SourceError(.unreachable, "\(place) cannot be reached: \(text).")
        case GIT_ERROR_ODB.rawValue, GIT_ERROR_ZLIB.rawValue, GIT_ERROR_REPOSITORY.rawValue,
            GIT_ERROR_REFERENCE.rawValue, GIT_ERROR_OBJECT.rawValue, GIT_ERROR_TREE.rawValue,
            GIT_ERROR_CONFIG.rawValue:
            return error.damage("the mirror of \(place)")
        default:
            return SourceError(
                .internal, "The fetch of \(branch.text) from \(place) failed: \(error.call): \(text).")
        }
    }

    /// What our own callbacks have decided, whatever libgit2 has made of it.
    private func explainFromMonitor() -> SourceError? {
        if monitor.isTooLarge { return tooLarge }
        if monitor.isRedirectedElsewhere { return redirected("another port asks for credentials") }
        if let problem = monitor.hostKeyProblem { return SourceError(.hostKeyUnknown, problem) }
        if let host = monitor.certificateHost {
            return SourceError(
                .certificate,
                "The certificate of \(host) is not trusted or is for another name. If it comes from an "
                    + "authority of your own, name its certificate file in the configuration.")
        }
        if monitor.hasRefusedCredentials {
            return unauthorized("it asks for other credentials than were given")
        }
        switch monitor.branchesOnRemote {
        case nil: return nil
        case 0?:
            return SourceError(
                .branchGone,
                "The repository \(address.text) is empty. Nothing is changed until \(branch.text) exists.")
        case let count?:
            let others = count == 1 ? "one other" : "\(count) others"
            return SourceError(
                .branchGone,
                "The branch \(branch.text) does not exist at \(address.text), which has \(others). Nothing "
                    + "is changed until it is back or another one is configured.")
        }
    }

    private func redirected(_ text: String) -> SourceError {
        SourceError(
            .refused,
            "\(address.text) redirects to another server, which is not followed, so that no credentials go "
                + "there. Use the new address if you trust it. (\(text))")
    }

    private var tooLarge: SourceError {
        SourceError(
            .tooLarge,
            "The transfer from \(address.text) is larger than allowed. Raise the size limit, or keep "
                + "large files out of the repository.")
    }

    private func unauthorized(_ text: String) -> SourceError {
        SourceError(
            .unauthorized,
            "\(address.text) refuses the credentials. Check that the token or key is valid and may read. "
                + "(\(text))"
        )
    }

    private func isMissing(_ error: GitError) -> Bool {
        if address.transport == .local {
            return error.isNotFound || error.text.contains("unsupported URL protocol")
        }
        return error.text.contains("does not appear to be a git repository")
    }

    private func httpStatus(in text: String) -> Int? {
        guard text.contains("status code: "), let last = text.split(separator: ":").last else { return nil }
        return Int(last.drop { $0 == " " }.prefix { $0.isNumber })
    }
}
