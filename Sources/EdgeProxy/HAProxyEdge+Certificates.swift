internal import Model
internal import Ports

extension HAProxyEdge {
    /// The certificates of a run before, once.
    func loadCertificates() async {
        guard !hasCertificateFiles, let certificates, !configuration.httpsAddresses.isEmpty else { return }
        let found = await certificates.files()
        guard !hasCertificateFiles else { return }
        hasCertificateFiles = true
        certificateFiles = found.filter(isUsable)
    }

    /// Tells the source which hosts there are, when they have changed.
    func tellHosts() async {
        guard hostsAreNews, lock != nil, let certificates, !configuration.httpsAddresses.isEmpty else {
            return
        }
        hostsAreNews = false
        await certificates.want(state.secureHosts)
    }

    /// Gives HAProxy a certificate that is new or has changed, without a reload.
    func install(_ file: CertificateFile) async throws(EdgeError) {
        guard isUsable(file) else {
            throw EdgeError(.refused, certificateProblems[file.path] ?? "\(file.path) cannot be used")
        }
        await loadCertificates()
        try prepare()
        do throws(EdgeError) {
            try load(file)
        } catch {
            certificateProblems[file.path] = error.message
            throw error
        }
        certificateProblems[file.path] = nil
        certificateFiles.removeAll { $0.path == file.path }
        certificateFiles.append(file)
        certificateFiles.sort { $0.path < $1.path }
        loaded?.certificates.insert(file.path)
        filesAreOld = true
    }

    private func load(_ file: CertificateFile) throws(EdgeError) {
        guard let bytes = try Files.read(file.path, limitInBytes: 1 << 20) else {
            throw EdgeError(.internal, "\(file.path) is not there")
        }
        // An empty line would end what is given to the socket.
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            .filter { line in line.contains { $0 != " " } }
        let isKnown = loaded?.certificates.contains(file.path) ?? false
        if !isKnown {
            try call("new ssl cert \(file.path)", expecting: "New empty", orElse: "already exists")
        }
        do throws(EdgeError) {
            try call(
                "set ssl cert \(file.path) <<\n\(lines.joined(separator: "\n"))\n", expecting: "ransaction")
            try call("commit ssl cert \(file.path)", expecting: "Success")
        } catch {
            _ = try? calls.socket.call("abort ssl cert \(file.path)")
            throw error
        }
        if !isKnown {
            let entry = "\(file.path) \(file.hosts.joined(separator: " "))"
            try call(
                "add ssl crt-list \(layout.certificateList) <<\n\(entry)\n", expecting: "Success",
                orElse: "already exists")
        }
    }

    /// Leaves a certificate out that HAProxy does not take; `true` if there is one in what it complains of.
    func leaveOut(_ refusal: ProxyFiles.Refusal) -> Bool {
        guard let index = certificateFiles.firstIndex(where: { refusal.message.contains($0.path) }) else {
            return false
        }
        let file = certificateFiles.remove(at: index)
        let message = "the certificate \(file.path) is left out, as HAProxy refuses it: \(refusal.message)"
        certificateProblems[file.path] = message
        log(message)
        return true
    }

    private func call(
        _ command: String, expecting good: String, orElse other: String? = nil
    ) throws(EdgeError) {
        let answer = try calls.socket.text(command + "\n")
        if answer.contains(good) || other.map(answer.contains) ?? false { return }
        let name = command.split(separator: "\n").first ?? ""
        let text = answer.split(separator: "\n").joined(separator: " ")
        throw EdgeError(.refused, "the edge's proxy answers `\(text)` to `\(name)`")
    }

    /// Paths and hosts go into HAProxy's list as they are.
    private func isUsable(_ file: CertificateFile) -> Bool {
        let isGood =
            file.path.hasPrefix("/") && ProxyFiles.isPlain(file.path) && !file.hosts.isEmpty
            && file.hosts.allSatisfy { RouteValidation.isHost($0, mayBeWildcard: true) }
        if !isGood {
            certificateProblems[file.path] =
                "the certificate \(file.path) is left out: its path or one of its hosts is not plain"
        }
        return isGood
    }
}
