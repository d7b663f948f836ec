internal import Age
internal import Crypto
internal import Model
internal import Secrets

extension SpecDecoder {
    /// The app's secrets with their values sealed; sorted by name.
    ///
    /// - Parameters:
    ///   - path: of the spec's file; the file of secrets lies beside it unless `secrets_files` says otherwise.
    ///   - variables: those of `env`, which a secret must not hide.
    func secrets(
        _ top: Fields, app: AppName?, project: ProjectName, path: String, variables: Set<String>
    ) -> [SecretSpec]? {
        let wanted = wantedSecrets(top["secrets"], variables)
        let named = list(top["secrets_files"], limit: 16) ?? []
        guard let app, !wanted.isEmpty else {
            if let field = top["secrets_files"], wanted.isEmpty, !findings.hasErrors {
                warning(
                    "unused_key", "`secrets_files` is of no use without `secrets`", at: field.mark, field.path
                )
            }
            return nil
        }
        var values: [String: CommittedSecret] = [:]
        if top["secrets_files"] != nil {
            for field in named { readSecrets(field, app, project, into: &values) }
        } else {
            readSecretsBeside(path, app, project, wanted[0].mark, into: &values)
        }
        guard !findings.hasErrors else { return nil }
        var secrets: [SecretSpec] = []
        for item in wanted {
            guard let value = values[item.name] else {
                error(
                    "secret_missing",
                    "there is no value for secret `\(item.name)`: commit one with `slipway secrets encrypt"
                        + " \(item.name)`, or take the name out of `secrets`", at: item.mark, item.path)
                continue
            }
            if let secret = seal(item, value, app, project) { secrets.append(secret) }
        }
        return secrets.sorted { $0.name < $1.name }
    }

    /// The folder of the secrets would hide what else is put there.
    func refuseHidden(_ files: [FileSpec], _ processes: [ProcessSpec], _ top: Fields) {
        let targets = files.map(\.target) + processes.flatMap(\.mountTargets)
        for target in targets where SecretPlace.contains(target) {
            error(
                "hidden_by_secrets",
                "`\(Printable.text(target))` and the secrets, which are put at `\(SecretPlace.folder)`, hide each other;"
                    + " choose another place", at: top.mark(of: "secrets"), "secrets")
        }
    }

    // MARK: What the spec asks for

    struct WantedSecret {
        var name: String
        var variable: String?
        var mark: SourceMark
        var path: String
    }

    func wantedSecrets(_ field: Field?, _ variables: Set<String>) -> [WantedSecret] {
        var wanted: [WantedSecret] = []
        var names: Set<String> = []
        var taken = variables
        for item in list(field, limit: 256) ?? [] {
            guard let secret = wantedSecret(item) else { continue }
            if !names.insert(secret.name).inserted {
                error(
                    "duplicate_item", "`\(secret.name)` is in the list twice; keep one", at: item.mark,
                    item.path)
            }
            if let variable = secret.variable, !taken.insert(variable).inserted {
                error(
                    "duplicate_item", "the variable `\(variable)` is set twice; give the secret another",
                    at: item.mark, item.path)
            }
            wanted.append(secret)
        }
        return wanted
    }

    private func wantedSecret(_ item: Field) -> WantedSecret? {
        let wanted = "a name of a secret such as `DATABASE_URL`"
        guard item.node.entries != nil else {
            return checked(item, "bad_variable_name", wanted: wanted, Grammar.secret).map {
                WantedSecret(name: $0, variable: nil, mark: item.mark, path: item.path)
            }
        }
        guard let fields = fields(item, "secrets[]"),
            let name = checked(require(fields, "name"), "bad_variable_name", wanted: wanted, Grammar.secret)
        else { return nil }
        var secret = WantedSecret(name: name, variable: nil, mark: item.mark, path: item.path)
        guard let env = fields["env"] else { return secret }
        if case .scalar(let text, isPlain: true) = env.node.content, PlainScalar.kind(of: text) == .boolean {
            secret.variable = text.lowercased() == "true" ? name : nil
            return secret
        }
        secret.variable = checked(
            env, "bad_variable_name", wanted: "`true`, or a name of a variable such as `DATABASE_URL`",
            Grammar.secret)
        if let variable = secret.variable, variable.hasPrefix("SLIPWAY_") {
            error(
                "reserved_name", "names with `SLIPWAY_` are set by Slipway; choose another", at: env.mark,
                env.path)
        }
        return secret
    }

    // MARK: What git has

    /// A value as it is committed.
    private struct CommittedSecret {
        /// The value, where there are keys.
        var value: SecretBytes?
        /// A digest of the ciphertext, where there are none.
        var digest: String
        var path: String
        var line: Int
        var column: Int
    }

    private func readSecrets(
        _ field: Field, _ app: AppName, _ project: ProjectName, into values: inout [String: CommittedSecret]
    ) {
        guard let (path, bytes) = read(field, atMost: YAMLBudget.bytes) else { return }
        take(SecretsFile.read(path: path, bytes: bytes), app, project, into: &values)
    }

    private func readSecretsBeside(
        _ spec: String, _ app: AppName, _ project: ProjectName, _ mark: SourceMark,
        into values: inout [String: CommittedSecret]
    ) {
        let path = SpecPaths.secrets(of: app, in: spec)
        switch files.content(of: path, atMost: YAMLBudget.bytes) {
        case .content(let bytes):
            take(SecretsFile.read(path: path, bytes: bytes), app, project, into: &values)
        case .problem(let problem):
            error(
                "unreadable_file",
                "\(problem); secrets of `\(app)` stand there, or where `secrets_files` says: `slipway secrets encrypt"
                    + " NAME --app \(app)` makes the file", at: mark, "secrets")
        }
    }

    /// A later file wins over an earlier one.
    private func take(
        _ file: SecretsFile, _ app: AppName, _ project: ProjectName,
        into values: inout [String: CommittedSecret]
    ) {
        for finding in file.findings { findings.add(finding) }
        guard file.findings.isEmpty else { return }
        if file.isSOPS { return takeSOPS(file, project, into: &values) }
        for entry in file.entries {
            var secret = CommittedSecret(
                digest: Hex.encode(ContentHash.sha256Bytes(entry.armored).prefix(16)), path: file.path,
                line: entry.line, column: entry.column)
            do throws(AgeError) {
                if let identities = try identities(of: project, at: file.path, entry.line, entry.column) {
                    secret.value = try AgeFile.decrypt(entry.armored, with: identities)
                } else {
                    _ = try AgeFile.inspect(entry.armored)
                }
                values[entry.name] = secret
            } catch {
                report(
                    "secret_undecryptable", "`\(entry.name)`: \(error.message)", file.path, entry.line,
                    entry.column)
            }
        }
    }

    private func takeSOPS(
        _ file: SecretsFile, _ project: ProjectName, into values: inout [String: CommittedSecret]
    ) {
        guard let root = file.root else { return }
        do throws(SOPSDocument.Failure) {
            let document = try SOPSDocument(root)
            let identities: [AgeIdentity]?
            do throws(AgeError) {
                identities = try self.identities(of: project, at: file.path, root.mark.line, root.mark.column)
            } catch {
                throw SOPSDocument.Failure(message: error.message, mark: root.mark)
            }
            guard let identities else {
                for entry in file.entries {
                    values[entry.name] = CommittedSecret(
                        digest: SOPSDocument.digest(of: entry.name, in: root), path: file.path,
                        line: entry.line,
                        column: entry.column)
                }
                return
            }
            for value in try document.open(with: identities) {
                guard let opened = value.value else { continue }
                values[value.name] = CommittedSecret(
                    value: opened, digest: "", path: file.path, line: value.mark.line,
                    column: value.mark.column)
            }
        } catch {
            report("secret_undecryptable", error.message, file.path, error.mark.line, error.mark.column)
        }
    }

    /// - Returns: `nil` where this reader has no keys at all and only looks at the form.
    private func identities(
        of project: ProjectName, at path: String, _ line: Int, _ column: Int
    ) throws(AgeError) -> [AgeIdentity]? {
        guard let keyring else { return nil }
        let identities = keyring.identities(of: project)
        guard !identities.isEmpty else {
            throw AgeError(.noMatch, SecretKeyring.noKey(of: project).message)
        }
        return identities
    }

    // MARK: What the release keeps

    private func seal(
        _ item: WantedSecret, _ committed: CommittedSecret, _ app: AppName, _ project: ProjectName
    ) -> SecretSpec? {
        var secret = SecretSpec(name: item.name, variable: item.variable)
        guard let keyring, let value = committed.value else {
            secret.fingerprint = SecretPlace.sealedPrefix + committed.digest
            return secret
        }
        if let problem = problem(of: value, isVariable: item.variable != nil) {
            report(
                "bad_secret", "`\(item.name)` \(problem)", committed.path, committed.line, committed.column)
            return nil
        }
        do throws(SecretError) {
            secret.fingerprint = keyring.fingerprint(value, name: item.name, app: app)
            secret.sealed = try keyring.seal(value, project: project)
            return secret
        } catch {
            report("secret_undecryptable", error.message, committed.path, committed.line, committed.column)
            return nil
        }
    }

    private func problem(of value: SecretBytes, isVariable: Bool) -> String? {
        if value.isEmpty { return "is empty: give it a value" }
        if value.count > SecretPlace.valueLimitInBytes {
            return "has \(value.count) bytes; at most \(SecretPlace.valueLimitInBytes >> 10) KiB are allowed"
        }
        guard isVariable else { return nil }
        let isText = value.withBytes { !$0.contains(0) && String(validating: $0, as: UTF8.self) != nil }
        return isText ? nil : "is no text, so it cannot be a variable: take `env` away from it"
    }

    private func report(_ code: String, _ message: String, _ path: String, _ line: Int, _ column: Int) {
        findings.add(
            Diagnostic(
                code: code, message: message, path: path, line: line, column: column, keyPath: "secrets"))
    }
}
