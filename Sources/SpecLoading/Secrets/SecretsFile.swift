internal import Age
public import Model

/// A file of secrets as committed: `NAME: |` and an armored file of age, for each name; or a file of SOPS.
///
/// Nothing of a value, opened or not, is part of a finding about it.
public struct SecretsFile: Sendable {
    /// One secret of a file that is not of SOPS.
    public struct Entry: Sendable, Hashable {
        public var name: String
        /// The armored file of age.
        public var armored: [UInt8]
        /// Of the key, from 1.
        public var line: Int
        public var column: Int
    }

    public var path: String
    /// In the order of the file. For a file of SOPS: the names at its top, with nothing in `armored`.
    public var entries: [Entry]
    public var isSOPS: Bool
    /// Errors only.
    public var findings: [Diagnostic]
    /// Of SOPS: the tree.
    var root: YAMLNode?

    /// Reads the form; no key is needed.
    ///
    /// - Parameter path: relative to the repository's root.
    public static func read(path: String, bytes: [UInt8]) -> SecretsFile {
        var file = SecretsFile(path: path, entries: [], isSOPS: false, findings: [])
        let documents = YAMLStream.read(path: path, bytes: bytes).documents.filter {
            !($0.root.isNull && $0.findings.isEmpty)
        }
        for finding in documents.flatMap(\.findings) {
            // What the finding quotes may be what somebody forgot to encrypt.
            file.add(
                "bad_secrets_file",
                "the file cannot be read as YAML here (\(finding.code)); a file of secrets has"
                    + " lines `NAME: |` with an armored value of age below each", finding.line, finding.column
            )
        }
        guard file.findings.isEmpty, let root = documents.first?.root else { return file }
        guard documents.count == 1, let entries = root.entries else {
            file.add(
                "bad_secrets_file", "a file of secrets is one map from names to values", root.mark.line,
                root.mark.column)
            return file
        }
        if root["sops"]?.entries != nil {
            file.isSOPS = true
            file.root = root
            file.entries = entries.filter { $0.key != "sops" }.map {
                Entry(name: $0.key, armored: [], line: $0.keyMark.line, column: $0.keyMark.column)
            }
            return file
        }
        for entry in entries { file.take(entry) }
        return file
    }

    private mutating func take(_ entry: YAMLEntry) {
        let mark = entry.keyMark
        guard Grammar.secret(entry.key) else {
            return add(
                "bad_variable_name",
                "this is not a name of a secret; use letters, digits and `_`, and no digit first",
                mark.line, mark.column)
        }
        guard case .scalar(let text, _) = entry.value.content, SecretsFile.isArmored(text) else {
            return add(
                "secret_in_clear",
                "`\(entry.key)` is not encrypted: its value must be an armored file of age. Take it back from git, give"
                    + " the secret a new value, and commit that with `slipway secrets encrypt \(entry.key)`",
                entry.value.mark.line, entry.value.mark.column)
        }
        entries.append(
            Entry(name: entry.key, armored: Array(text.utf8), line: mark.line, column: mark.column))
    }

    mutating func add(_ code: String, _ message: String, _ line: Int, _ column: Int) {
        guard findings.count < FindingList.limit else { return }
        findings.append(
            Diagnostic(code: code, severity: .error, message: message, path: path, line: line, column: column)
        )
    }
}

extension SecretsFile {
    private static func isArmored(_ text: String) -> Bool { AgeArmor.isArmored(text.utf8) }
}

/// What secrets may be called.
public enum SecretNames {
    /// Letters, digits and `_`, no digit first, at most 256.
    public static func isName(_ text: String) -> Bool { Grammar.secret(text) }
}
