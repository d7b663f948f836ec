internal import FoundationEssentials
internal import Ports

/// Reads the engine's refusals: a status, and a sentence whose wording is all there is to tell causes apart.
enum EngineMessage {
    /// The sentence in an answer: `{"message": …}`, or plain text as very old and very new clients get it.
    static func text(of body: [UInt8]) -> String {
        let message = try? JSONDecoder().decode(Wire.Message.self, from: Data(body)).message
        // Not JSON, so it is the text itself; nothing is lost.
        return trimmed(message ?? String(decoding: body.prefix(4_096), as: UTF8.self))
    }

    /// One line of at most 700 bytes without control characters: it goes into the status and the journal.
    static func trimmed(_ text: String) -> String {
        var line = ""
        var sizeInBytes = 0
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
            guard sizeInBytes < 700 else { return line + "…" }
            line.unicodeScalars.append(isControl ? " " : scalar)
            sizeInBytes += UTF8.width(scalar)
        }
        while line.last == " " { line.removeLast() }
        while line.first == " " { line.removeFirst() }
        return line
    }

    /// The error for a status of 400 or more of any call but those that have a table of their own.
    static func error(status: Int, body: [UInt8], call: String) -> EngineError {
        let text = text(of: body)
        let message = text.isEmpty ? "the engine answered \(status)" : text
        let lower = message.lowercased()
        if lower.contains("no space left on device") || lower.contains("disk quota exceeded") {
            return EngineError(.diskFull, message, call: call)
        }
        switch status {
        case 400: return EngineError(.invalid, message, call: call)
        case 401, 403: return EngineError(.unauthorized, message, call: call)
        case 404: return EngineError(.notFound, message, call: call)
        case 409: return EngineError(.conflict, message, call: call)
        default: return EngineError(.internal, message, call: call)
        }
    }

    /// The error of a registry, as the engine relays it: by text, as a pull that has begun answers 200 whatever
    /// happens, and as refused credentials come as 404 or 500.
    ///
    /// - Parameter status: of the engine's answer; `nil` for an error inside a progress stream.
    static func registryError(_ text: String, status: Int?, call: String) -> EngineError {
        let message = trimmed(text)
        let lower = message.lowercased()
        func has(_ phrases: String...) -> Bool { phrases.contains { lower.contains($0) } }
        let code: EngineError.Code =
            if has("no space left on device", "disk quota exceeded") {
                .diskFull
            } else if has("manifest unknown", "name unknown", "manifest_unknown", "name_unknown") {
                // Before the others: these messages contain the image's name, which may contain anything.
                .notFound
            } else if has("toomanyrequests", "too many requests", "rate limit") || status == 429 {
                .rateLimited
            } else if has(
                "no basic auth credentials", "unauthorized", "authentication required", "access denied",
                "access to the resource is denied", "forbidden", "incorrect username or password")
                || status == 401 || status == 403
            {
                .unauthorized
            } else if has(
                "connection refused", "no such host", "i/o timeout", "timeout exceeded", "deadline exceeded",
                "no route to host", "network is unreachable", "connection reset", "unexpected eof", "tls: ",
                "x509: ",
                "server misbehaving", "temporary failure", "internal server error", "bad gateway",
                "service unavailable", "gateway time", "http response to https client",
                "received unexpected http",
                "unexpected status", "dial tcp", ": eof")
            {
                .registryUnavailable
            } else if has(
                "invalid reference format", "no matching manifest", "unsupported manifest", "invalid tag")
            {
                .invalid
            } else if has("not found", "does not exist", "no such") || status == 404 {
                .notFound
            } else if let status, status == 400 {
                .invalid
            } else {
                .registryUnavailable
            }
        return EngineError(code, message.isEmpty ? "the registry gave no reason" : message, call: call)
    }

    /// The error of a start. What the release asks for is told apart from what the host lacks.
    static func startError(_ error: EngineError) -> EngineError {
        guard [.notFound, .invalid, .internal, .conflict].contains(error.code) else { return error }
        let lower = error.message.lowercased()
        if lower.contains("no such container") || lower.contains("marked for removal") { return error }
        let ofTheRelease = [
            "executable file not found", "no such file or directory", "permission denied", "is a directory",
            "exec format error", "exec:", "no command specified", "port is already allocated",
            "address already in use", "oci runtime", "failed to create shim", "failed to create task",
            "starting container process caused", "invalid argument", "unable to find user"
        ]
        let ofTheHost = [
            "cannot allocate memory", "resource temporarily unavailable", "too many open files", "cgroup",
            "containerd", "endpoint with name", "iptables", "shim.sock"
        ]
        if ofTheHost.contains(where: lower.contains) && !lower.contains("executable file not found") {
            return EngineError(.internal, error.message, call: error.call)
        }
        if ofTheRelease.contains(where: lower.contains) {
            return EngineError(.startFailed, error.message, call: error.call)
        }
        // 404 at a start of a container that is there speaks of its network or mounts.
        return EngineError(error.code == .invalid ? .startFailed : .internal, error.message, call: error.call)
    }
}
