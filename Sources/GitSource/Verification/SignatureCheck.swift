internal import Execution
internal import FoundationEssentials
internal import Ports

/// Asks OpenSSH and GnuPG about one signature: no cryptography of ours decides whom to trust.
struct SignatureCheck {
    enum Verdict: Hashable, Sendable {
        /// Signed by this identity, now trusted.
        case good(String)
        /// What is wrong, to follow the name of what was signed: `is not signed`.
        case refused(String)
    }

    var policy: SignaturePolicy
    /// For the signature while it is looked at; nobody else reads it.
    var folder: String

    private static let timeout = Duration.seconds(20)
    /// Signatures of both kinds have a few hundred bytes, those with certificates a few thousand.
    private static let signatureLimit = 64 << 10

    func check(_ signature: [UInt8], of payload: [UInt8]) throws(SourceError) -> Verdict {
        guard signature.count <= Self.signatureLimit else {
            return .refused("has a signature that is too large")
        }
        let text = String(decoding: signature, as: UTF8.self)
        if text.hasPrefix("-----BEGIN SSH SIGNATURE-----") { return try checkSSH(signature, payload) }
        if text.hasPrefix("-----BEGIN PGP SIGNATURE-----") || text.hasPrefix("-----BEGIN PGP MESSAGE-----") {
            return try checkGPG(signature, payload)
        }
        return .refused("has a signature that is neither OpenSSH's nor OpenPGP's")
    }

    // MARK: OpenSSH

    private func checkSSH(_ signature: [UInt8], _ payload: [UInt8]) throws(SourceError) -> Verdict {
        guard let signers = policy.sshSigners else {
            return .refused("is signed with an SSH key, and no `ssh_signers` are configured")
        }
        let file = try write(signature)
        defer { remove(file) }
        // The time is now: the date that a commit carries is its author's word, and a key that has expired may not be
        // made good by it.
        let found = try run(["/usr/bin/ssh-keygen", "-Y", "find-principals", "-s", file, "-f", signers])
        let names = lines(found.standardOutput)
        guard found.exitCode == 0, !names.isEmpty else {
            return .refused(try hasExpired(file, signers) ?? "is signed with an SSH key that nobody trusts")
        }
        for name in names.prefix(16) {
            let arguments = [
                "/usr/bin/ssh-keygen", "-Y", "verify", "-f", signers, "-I", name, "-n", "git", "-s", file
            ]
            guard try run(arguments, input: payload).exitCode == 0 else { continue }
            if let revoked = policy.sshRevoked,
                // It says no more than that it could not verify; without the list it could.
                try run(arguments + ["-r", revoked], input: payload).exitCode != 0
            {
                return .refused("is signed with an SSH key that was revoked")
            }
            return .good(Text.printable(name, limit: 100))
        }
        return .refused("has an SSH signature that does not fit it")
    }

    /// Keys out of their time are found under no name; they are told from strangers by looking without the times.
    private func hasExpired(_ file: String, _ signers: String) throws(SourceError) -> String? {
        guard let bytes = try? Data(contentsOf: URL(filePath: signers)), bytes.count <= 1 << 20 else {
            throw SourceError(
                .invalidConfiguration,
                "The file of `ssh_signers`, \(signers), cannot be read, or is larger than 1 MiB.")
        }
        let timeless = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            line.split(separator: " ").map { word in
                word.lowercased().hasPrefix("valid-") ? "namespaces=\"git\"" : String(word)
            }.joined(separator: " ")
        }.joined(separator: "\n")
        let copy = try write(Array(timeless.utf8), "signers")
        defer { remove(copy) }
        let found = try run(["/usr/bin/ssh-keygen", "-Y", "find-principals", "-s", file, "-f", copy])
        return found.exitCode == 0 ? "is signed with an SSH key that is not valid now" : nil
    }

    // MARK: OpenPGP

    private func checkGPG(_ signature: [UInt8], _ payload: [UInt8]) throws(SourceError) -> Verdict {
        guard let keyring = policy.gpgKeyring else {
            return .refused("is signed with an OpenPGP key, and no `gpg_keyring` is configured")
        }
        let file = try write(signature)
        defer { remove(file) }
        let output = try run(
            [
                "/usr/bin/gpgv", "--status-fd", "1", "--homedir", folder, "--keyring", keyring, file, "-"
            ], input: payload)
        var words: [String: [String]] = [:]
        for line in lines(output.standardOutput) where line.hasPrefix("[GNUPG:] ") {
            let parts = line.dropFirst(9).split(separator: " ").map(String.init)
            if let first = parts.first {
                words[first, default: []].append(parts.dropFirst().joined(separator: " "))
            }
        }
        if words["REVKEYSIG"] != nil { return .refused("is signed with an OpenPGP key that was revoked") }
        if words["EXPKEYSIG"] != nil { return .refused("is signed with an OpenPGP key that has expired") }
        if words["EXPSIG"] != nil { return .refused("has an OpenPGP signature that has expired") }
        if words["BADSIG"] != nil { return .refused("has an OpenPGP signature that does not fit it") }
        if words["NO_PUBKEY"] != nil || words["ERRSIG"] != nil {
            return .refused("is signed with an OpenPGP key that nobody trusts")
        }
        // One signature and no other: a second one that is bad must not stand in the shadow of a good one.
        guard output.exitCode == 0, let good = words["GOODSIG"], good.count == 1,
            words["VALIDSIG"]?.count == 1
        else {
            let said = Text.printable(
                String(decoding: output.standardError.suffix(200), as: UTF8.self), limit: 200)
            return .refused("has an OpenPGP signature that cannot be checked (\(said))")
        }
        return .good(Text.printable(good[0], limit: 100))
    }

    // MARK: Programs

    private func run(_ arguments: [String], input: [UInt8] = []) throws(SourceError) -> Subprocess.Output {
        let output: Subprocess.Output
        do throws(Subprocess.Failure) {
            output = try Subprocess.run(
                arguments, environment: ["PATH": "/usr/bin:/bin", "HOME": folder, "LC_ALL": "C.UTF-8"],
                input: input, timeout: Self.timeout, outputLimitInBytes: 64 << 10)
        } catch {
            throw SourceError(
                .invalidConfiguration,
                "Signatures cannot be checked: \(error.message). Install openssh-client and gpgv.")
        }
        guard !output.timedOut else {
            throw SourceError(.timeout, "\(arguments[0]) did not end within 20 s; no signature was checked.")
        }
        return output
    }

    private func lines(_ bytes: [UInt8]) -> [String] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func write(_ bytes: [UInt8], _ name: String = "signature") throws(SourceError) -> String {
        let file = folder + "/" + name
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try Data(bytes).write(to: URL(filePath: file), options: .atomic)
        } catch {
            throw SourceError(.internal, "A signature cannot be written to \(file) to be checked: \(error)")
        }
        return file
    }

    /// A signature that stays is replaced by the next one.
    private func remove(_ file: String) { try? FileManager.default.removeItem(atPath: file) }
}
