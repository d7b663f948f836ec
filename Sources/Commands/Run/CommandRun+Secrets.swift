internal import Age
internal import Crypto
internal import FoundationEssentials
internal import Glibc
internal import Model
internal import SpecLoading

extension CommandRun {
    func secrets() throws -> Int32 {
        let action = invocation.arguments["ACTION"] ?? ""
        switch action {
        case "keygen": return try makeKey()
        case "encrypt": return try encryptSecret()
        case "edit": return try editSecrets()
        case "rotate": return try rotateSecrets()
        case "list": return try listSecrets()
        default:
            let guess = Suggestion.nearest(to: action, in: CommandTable.secretActions)
            throw usage("'\(action)' is not an action of secrets" + Suggestion.question(guess))
        }
    }

    private func what(_ name: String) throws(UsageError) -> String {
        guard let what = invocation.arguments["WHAT"] else { throw usage("\(name) is missing") }
        return what
    }

    private func full(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(console.directory)/\(path)"
    }

    // MARK: keygen

    private struct MadeKey: Encodable {
        var file: String
        var recipient: String
    }

    private func makeKey() throws -> Int32 {
        let path = try what("FILE")
        let identity = AgeIdentity.make()
        let head = Array("# recipient: \(identity.recipient)\n".utf8)
        var content = identity.secretText().withBytes { head + $0 + [10] }
        defer { SecretBytes.clear(&content) }
        let file = unsafe open(full(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let reason = unsafe String(cString: strerror(errno))
            throw LocalFailure(
                errno == EEXIST
                    ? "\(path) is there already, and a key is never written over; name another file"
                    : "cannot make \(path): \(reason)")
        }
        defer { close(file) }
        guard fchmod(file, 0o600) == 0, unsafe Glibc.write(file, content, content.count) == content.count,
            fsync(file) == 0
        else {
            unsafe unlink(full(path))
            throw LocalFailure("cannot write \(path): \(unsafe String(cString: strerror(errno)))")
        }
        try show(MadeKey(file: path, recipient: "\(identity.recipient)")) { made in
            [Line(made.recipient, .plain)]
        }
        return 0
    }

    // MARK: encrypt

    private struct Changed: Encodable {
        var file: String
        var recipients: [String]
        var encrypted: [String]
        var removed: [String]
    }

    private func encryptSecret() throws -> Int32 {
        let name = try what("NAME")
        guard SecretNames.isName(name) else {
            throw usage("'\(name)' is not a name of a secret; use letters, digits and _, and no digit first")
        }
        let (path, shown) = try fileToChange()
        var text = try SecretFiles.text(path, shown: shown)
        let recipients = try recipients(for: text)
        let limit = SecretPlace.valueLimitInBytes
        guard var value = console.terminal.ask("value of \(name), which is not shown: ", limit + 1) else {
            throw LocalFailure("there is no value, or it is larger than \(limit >> 10) KiB")
        }
        defer { SecretBytes.clear(&value) }
        if !invocation.has("exact"), value.last == 10 { value.removeLast() }
        guard (1...limit).contains(value.count) else {
            throw LocalFailure("the value has \(value.count) bytes; it may have 1 byte to \(limit >> 10) KiB")
        }
        text.set(name, to: try SecretFiles.seal(value, to: recipients))
        text.setRecipients(recipients.map(\.description))
        try SecretFiles.write(text, to: path)
        return try report(Changed(file: shown, recipients: text.recipients, encrypted: [name], removed: []))
    }

    private func report(_ changed: Changed) throws -> Int32 {
        try show(changed) { changed in
            let whom = Phrases.count(changed.recipients.count, "recipient")
            if changed.encrypted.isEmpty, changed.removed.isEmpty {
                return [Line("\(changed.file): nothing changed", .plain)]
            }
            return changed.encrypted.map { Line("\(changed.file): \($0) is encrypted to \(whom)", .good) }
                + changed.removed.map { Line("\(changed.file): \($0) is removed", .held) }
        }
        return 0
    }

    /// The full path of the file, and the path as people know it.
    private func fileToChange() throws -> (path: String, shown: String) {
        if let file = invocation.options["file"] { return (full(file), file) }
        guard let text = invocation.options["app"], let app = AppName(text) else {
            throw usage("say where to: --app APP, or --file PATH")
        }
        let files = try SecretFiles(".", project: try project(), console: console)
        guard let use = files.uses.first(where: { $0.app == app }), let path = use.files.last else {
            throw LocalFailure(
                "no spec below this directory has an app \(app) with `secrets`; write the name there first, or give --file"
            )
        }
        return ("\(files.root)/\(path)", path)
    }

    private func project() throws(UsageError) -> ProjectName {
        let name = invocation.options["project"] ?? "default"
        guard let project = ProjectName(name) else { throw usage("'\(name)' is not a project's name") }
        return project
    }

    /// Those of `--to`, else those that the file names.
    private func recipients(for text: SecretsText) throws -> [AgeRecipient] {
        let given = invocation.options["to"]?.split(separator: ",").map(String.init)
        if let given, !text.names.isEmpty, !text.recipients.isEmpty, Set(given) != Set(text.recipients) {
            throw usage(
                "\(text.path) is for other recipients; `slipway secrets rotate \(text.path) --to …` changes that for all of"
                    + " its values")
        }
        let recipients = try SecretFiles.recipients(given ?? text.recipients)
        guard !recipients.isEmpty else {
            throw usage(
                "\(text.path) names no recipient; give --to age1…, as `slipway secrets keygen` prints it")
        }
        return recipients
    }

    private func identities() throws -> [AgeIdentity] {
        let named =
            invocation.options["identity"]
            ?? console.variables["SLIPWAY_IDENTITY"].flatMap { $0.isEmpty ? nil : $0 }
        guard let named else {
            throw usage("--identity PATH, or $SLIPWAY_IDENTITY, must name the file of your key")
        }
        return try SecretFiles.identities(full(named))
    }

    // MARK: edit

    private func editSecrets() throws -> Int32 {
        let shown = try what("FILE")
        let path = full(shown)
        let identities = try identities()
        var text = try SecretFiles.text(path, shown: shown)
        let recipients = try recipients(for: text)
        let old = try SecretFiles.open(path, shown: shown, with: identities)
        var before: [(name: String, value: String)] = []
        for (name, value) in old {
            // An editor takes text; what is none stays as it is.
            guard let clear = value.withBytes({ String(validating: $0, as: UTF8.self) }) else {
                console.complain("slipway: \(name) is not text and is left as it is\n")
                continue
            }
            before.append((name, clear))
        }
        let after = try edited(before)
        var changed = Changed(file: shown, recipients: [], encrypted: [], removed: [])
        for (name, value) in after where before.first(where: { $0.name == name })?.value != value {
            guard value.utf8.count <= SecretPlace.valueLimitInBytes else {
                throw LocalFailure(
                    "\(name) is larger than \(SecretPlace.valueLimitInBytes >> 10) KiB; nothing is changed")
            }
            text.set(name, to: try SecretFiles.seal(Array(value.utf8), to: recipients))
            changed.encrypted.append(name)
        }
        for (name, _) in before where !after.contains(where: { $0.name == name }) {
            text.remove(name)
            changed.removed.append(name)
        }
        if !changed.encrypted.isEmpty { text.setRecipients(recipients.map(\.description)) }
        changed.recipients = text.recipients
        if !changed.encrypted.isEmpty || !changed.removed.isEmpty { try SecretFiles.write(text, to: path) }
        return try report(changed)
    }

    private func edited(_ values: [(name: String, value: String)]) throws -> [(name: String, value: String)] {
        let variables = console.variables
        let editor =
            [variables["VISUAL"], variables["EDITOR"]].compactMap(\.self).first { !$0.isEmpty } ?? "vi"
        let places = [variables["XDG_RUNTIME_DIR"], "/dev/shm", "/run/user/\(getuid())"].compactMap(\.self)
        let folder = try MemoryFolder(places)
        let head =
            "# Values in clear, in memory. Remove a line to remove a secret. Nothing is changed if you leave it.\n"
        let clear = values.isEmpty ? "" : PlainSecrets.text(values)
        let file = try folder.write(Array((head + clear).utf8), to: "secrets.yaml")
        let code = console.terminal.edit(editor, file)
        guard code == 0 else {
            throw LocalFailure("the editor ended with exit code \(code); nothing is changed")
        }
        switch PlainSecrets.read(try SecretFiles.read(file, shown: "the edited text")) {
        case .success(let values): return values
        case .failure(let finding):
            throw LocalFailure("line \(finding.line): \(finding.message); nothing is changed")
        }
    }

    // MARK: rotate

    private func rotateSecrets() throws -> Int32 {
        guard let to = invocation.options["to"] else { throw usage("--to must name the new recipients") }
        let recipients = try SecretFiles.recipients(to.split(separator: ",").map(String.init))
        guard !recipients.isEmpty else { throw usage("--to must name the new recipients") }
        let identities = try identities()
        let places = try filesToRotate()
        // All are opened before any is written: a key that is missing leaves everything as it was.
        var texts: [(path: String, text: SecretsText, names: [String])] = []
        for (path, shown) in places {
            let bytes = try SecretFiles.read(path, shown: shown)
            if SecretsFile.read(path: shown, bytes: bytes).isSOPS {
                console.complain(
                    "slipway: \(style.clean(shown)) is of SOPS; change its keys with `sops rotate`\n")
                continue
            }
            var text = try SecretFiles.text(path, shown: shown)
            for (name, value) in try SecretFiles.open(path, shown: shown, with: identities) {
                text.set(name, to: try value.withBytes { try SecretFiles.seal($0, to: recipients) })
            }
            text.setRecipients(recipients.map(\.description))
            texts.append((path, text, text.names))
        }
        for item in texts { try SecretFiles.write(item.text, to: item.path) }
        let changed = texts.map { item in
            Changed(
                file: item.text.path, recipients: item.text.recipients, encrypted: item.names, removed: [])
        }
        try show(changed) { changed in
            changed.map { file in
                let values = Phrases.count(file.encrypted.count, "value")
                return Line(
                    "\(file.file): \(values) encrypted to \(Phrases.count(file.recipients.count, "recipient"))",
                    .good)
            }
        }
        return 0
    }

    private func filesToRotate() throws -> [(path: String, shown: String)] {
        if let file = invocation.arguments["WHAT"], Files.isFile(full(file)) { return [(full(file), file)] }
        let files = try SecretFiles(
            invocation.arguments["WHAT"] ?? ".", project: try project(), console: console)
        var paths = files.paths
        if invocation.has("project") {
            let project = try project()
            let wanted = Set(files.uses.filter { $0.project == project }.flatMap(\.files))
            paths = paths.filter(wanted.contains)
        }
        guard !paths.isEmpty else { throw LocalFailure("there is no file of secrets to rotate") }
        return paths.map { ("\(files.root)/\($0)", $0) }
    }
}
