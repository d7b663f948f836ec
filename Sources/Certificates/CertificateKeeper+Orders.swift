internal import Crypto
internal import Execution
internal import Model
internal import Synchronization

extension CertificateKeeper {
    private struct Prepared {
        var command: LegoCommand
        var folder: String
    }

    /// When the next certificate for `host` is asked for, in seconds since 1970; `nil`: not as things stand.
    func due(_ host: String, now: Int64) -> Int64? {
        guard let acme = configuration.acme, objection(to: host) == nil else { return nil }
        let hasOwn = ownCandidates().contains { $0.isValid(now) && $0.certificate.facts.covers(host) }
        guard !hasOwn else { return nil }
        let record = records[host] ?? HostRecord()
        let memory = memory(of: host)
        var gate: Int64 = 0
        if memory.failures > 0 {
            // A clock that was set back must not hold a host for ever.
            gate = min(memory.nextAttempt, now + Schedule.longestLimitPause)
            if memory.settings != LegoCommand.settingsName(acme, host: host) {
                gate = min(gate, Schedule.afterBound(memory.attempts, earliest: 0))
            }
        }
        guard let facts = record.certificate?.facts, facts.isValid(at: now),
            memory.issuedBy == nil || memory.issuedBy == acme.directoryURL
        else { return gate }
        return max(
            gate,
            Schedule.renewal(
                notBefore: facts.notBefore, notAfter: facts.notAfter, issuedAt: min(memory.issuedAt, now),
                host: host))
    }

    /// Without the attempt that is under way, which is counted beforehand.
    func memory(of host: String) -> HostMemory { ordering[host] ?? records[host]?.memory ?? HostMemory() }

    /// The hosts to order for now, within the bounds.
    func startable(now: Int64) -> [String] {
        guard let acme = configuration.acme, let wanted else { return [] }
        // The first order makes the account: two at once would make two.
        let limit = hasAccount(acme) ? Self.ordersAtOnce : 1
        // All proofs by HTTP are given at one address, so one at a time.
        var isAddressFree = ordering.keys.allSatisfy { acme.usesDNS(for: $0) }
        let hosts = wanted.filter { host in
            guard ordering[host] == nil, let due = due(host, now: now) else { return false }
            return due <= now
        }
        var chosen: [String] = []
        for host in hosts.sorted(by: isFirst) where ordering.count + chosen.count < limit {
            if !acme.usesDNS(for: host) {
                guard isAddressFree else { continue }
                isAddressFree = false
            }
            chosen.append(host)
        }
        return chosen
    }

    /// Hosts without a certificate go before renewals, and those that have failed less before the others.
    private func isFirst(_ left: String, _ right: String) -> Bool {
        func rank(_ host: String) -> (Int, Int, String) {
            let record = records[host]
            return (record?.certificate == nil ? 0 : 1, record?.memory.failures ?? 0, host)
        }
        return rank(left) < rank(right)
    }

    /// One attempt for one host. `ordering` holds it until the end.
    func order(_ host: String) async {
        await attempt(host)
        ordering[host] = nil
        wake()
    }

    private func attempt(_ host: String) async {
        guard let acme = configuration.acme else { return }
        if adopt(host, acme: acme) { return }
        let before = records[host]?.memory ?? HostMemory()
        let prepared: Prepared
        do throws(CertificateFailure) {
            prepared = try prepareOrder(host, acme: acme)
            // Counted before it begins: whoever is killed in the middle must not come back and try at once.
            try note(
                CertificateFailure(.authority, "the last attempt did not end: the controller was stopped"),
                on: host, after: before, acme: acme)
        } catch {
            fail(error, host: host, after: before, acme: acme)
            return
        }
        let output: Subprocess.Output
        do throws(Subprocess.Failure) {
            output = try await run(prepared.command, timeout: acme.orderTimeout.duration)
        } catch {
            fail(
                CertificateFailure("lego: \(error.message); install it, or set its path"), host: host,
                after: before, acme: acme)
            return
        }
        guard !Task.isCancelled else { return }
        conclude(host, prepared: prepared, output: output, before: before, acme: acme)
    }

    private func conclude(
        _ host: String, prepared: Prepared, output: Subprocess.Output, before: HostMemory,
        acme: ACMEConfiguration
    ) {
        let text = LegoOutput(
            standardOutput: output.standardOutput, standardError: output.standardError,
            secrets: prepared.command.secrets)
        guard output.exitCode == 0, !output.timedOut else {
            // Killed in the last moment, it may have got what it came for.
            if adopt(host, acme: acme) { return }
            if text.saysAccountIsGone {
                CertificateFiles.setAside(prepared.folder + "/accounts")
            }
            fail(
                text.failure(exitCode: output.exitCode, timedOut: output.timedOut), host: host, after: before,
                acme: acme)
            return
        }
        do throws(CertificateFailure) {
            let bundle = try result(host, folder: prepared.folder)
            guard bundle.facts.isValid(at: now) else {
                throw CertificateFailure(
                    .authority, "the certificate that was issued has expired: is the clock right?")
            }
            guard ContentHash.sha256(bundle.pem) != records[host]?.certificate?.digest else {
                throw CertificateFailure(.authority, "lego has brought no new certificate")
            }
            try install(bundle, host: host, acme: acme)
        } catch {
            fail(
                CertificateFailure(error.blame, "the new certificate is not used: \(error.message)"),
                host: host,
                after: before, acme: acme)
        }
    }

    /// Kills `lego` with its children when the task is cancelled.
    private func run(
        _ command: LegoCommand, timeout: Duration
    ) async throws(Subprocess.Failure) -> Subprocess.Output {
        let flag = StopFlag()
        let result: Result<Subprocess.Output, Subprocess.Failure> = await withTaskCancellationHandler {
            do throws(Subprocess.Failure) {
                return .success(
                    try await pool.run { () throws(Subprocess.Failure) in
                        try Subprocess.run(
                            command.arguments, environment: command.environment, timeout: timeout,
                            isCancelled: { flag.isSet })
                    })
            } catch {
                return .failure(error)
            }
        } onCancel: {
            flag.set()
        }
        return try result.get()
    }

    private func prepareOrder(_ host: String, acme: ACMEConfiguration) throws(CertificateFailure) -> Prepared
    {
        let folder = accountFolder(acme)
        try CertificateFiles.makeFolder(configuration.directory + "/lego")
        try CertificateFiles.makeFolder(folder)
        var values: [String: String] = [:]
        if let dns = acme.dns, acme.usesDNS(for: host) {
            values = try EnvironmentFile.read(dns.environmentFile)
        }
        var key: String?
        if let binding = acme.binding {
            let bytes = try CertificateFiles.read(binding.keyFile, isSecret: true)
            key = String(decoding: bytes.filter { $0 > 0x20 && $0 < 0x7f }, as: UTF8.self)
        }
        let command = LegoCommand(
            host: host, acme: acme, folder: folder, email: try email(host, acme: acme, folder: folder),
            providerEnvironment: values, bindingKey: key)
        return Prepared(command: command, folder: folder)
    }

    /// `lego` knows accounts by address, so one that is made up has to stay the same.
    private func email(
        _ host: String, acme: ACMEConfiguration, folder: String
    ) throws(CertificateFailure) -> String {
        if let email = acme.email { return email }
        let path = folder + "/contact"
        if CertificateFiles.exists(path) {
            let text = String(decoding: try CertificateFiles.read(path), as: UTF8.self)
            if ACMEConfiguration.isEmail(text) { return text }
        }
        let made = "slipway@" + (host.hasPrefix("*.") ? String(host.dropFirst(2)) : host)
        try CertificateFiles.replace(path, with: Array(made.utf8))
        return made
    }

    private func accountFolder(_ acme: ACMEConfiguration) -> String {
        "\(configuration.directory)/lego/\(LegoCommand.accountName(acme))"
    }

    private func hasAccount(_ acme: ACMEConfiguration) -> Bool {
        let root = accountFolder(acme) + "/accounts"
        // Not there: no account yet.
        for server in (try? CertificateFiles.names(in: root)) ?? [] {
            for name in (try? CertificateFiles.names(in: "\(root)/\(server)")) ?? []
            where CertificateFiles.exists("\(root)/\(server)/\(name)/account.json") {
                return true
            }
        }
        return false
    }
}

/// Said once, seen by a thread that runs a program.
private final class StopFlag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
