internal import Glibc
internal import Model
internal import Synchronization

/// A file for each app with a line of JSON for each request; no query, no header, no body stands in it.
final class AccessLog: Sendable {
    private let directory: String
    private let limitInBytes: Int
    private let report: @Sendable (String) -> Void
    /// What was last complained about, so that a full disk is told once.
    private let complaint = Mutex("")

    init(directory: String, limitInBytes: Int, report: @escaping @Sendable (String) -> Void) {
        self.directory = directory
        self.limitInBytes = limitInBytes
        self.report = report
    }

    func append(_ lines: [LogLine]) {
        var texts: [AppName: String] = [:]
        for line in lines {
            guard let key = ProxyName.key(ofBackend: String(line.backend)) else { continue }
            texts[key.app, default: ""] += Self.json(line, process: key.process)
        }
        for (app, text) in texts { append(text, to: "\(directory)/\(app).log") }
    }

    private func append(_ text: String, to path: String) {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW
        let descriptor = unsafe open(path, flags, 0o640)
        guard descriptor >= 0 else { return complain("cannot open \(path)") }
        let isWritten = Files.writeAll(Array(text.utf8), to: descriptor)
        let size = lseek(descriptor, 0, SEEK_END)
        close(descriptor)
        if !isWritten { complain("cannot write to \(path)") }
        if size >= limitInBytes { _ = unsafe rename(path, path + ".1") }
    }

    private func complain(_ message: String) {
        let text = unsafe "\(message): \(String(cString: strerror(errno))); requests are not logged"
        let isNew = complaint.withLock { last in
            defer { last = text }
            return last != text
        }
        if isNew { report(text) }
    }

    static func json(_ line: LogLine, process: ProcessName) -> String {
        let server = line.server.hasPrefix("<") ? "null" : "\"\(escaped(line.server))\""
        return """
            {"time":\(line.seconds).\(line.secondFraction),"process":"\(process)","instance":\(server),\
            "client":"\(escaped(line.client))","method":"\(escaped(line.method))",\
            "host":"\(escaped(line.host))","path":"\(escaped(line.path))",\
            "protocol":"\(escaped(line.version))","status":\(line.status),\
            "milliseconds":\(line.milliseconds),"sent":\(line.sentInBytes),\
            "received":\(line.receivedInBytes),"ending":"\(escaped(line.ending))"}\n
            """
    }

    private static func escaped(_ text: Substring) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\0"..<" ": result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
