internal import Age
internal import Crypto
internal import Model

/// A YAML file that SOPS has encrypted to recipients of age: each value under the file's data key, and a code over all.
///
/// The code is checked before any value is given out. Values that SOPS left in clear count for the code and are never
/// given out. What a `*_regex` or a comment says should be encrypted is taken from what is.
struct SOPSDocument {
    struct Failure: Error {
        var message: String
        var mark: SourceMark
    }

    /// A value at the top of the file.
    struct Value {
        var name: String
        var value: SecretBytes?
        var mark: SourceMark
    }

    private let root: YAMLNode
    private let metadata: YAMLNode

    init(_ root: YAMLNode) throws(Failure) {
        guard let metadata = root["sops"], metadata.entries != nil else {
            throw Failure(message: "there is no `sops` in it", mark: root.mark)
        }
        self.root = root
        self.metadata = metadata
    }

    /// The values at the top, in the order of the file; `nil` for those that are not encrypted.
    func open(with identities: [AgeIdentity]) throws(Failure) -> [Value] {
        var dataKey = try dataKey(identities)
        defer { SecretBytes.clear(&dataKey) }
        var hashed: [UInt8] = []
        defer { SecretBytes.clear(&hashed) }
        let isOnlyEncrypted = text("mac_only_encrypted") == "true"
        if isOnlyEncrypted { hashed += Self.onlyEncryptedStart }
        var values: [Value] = []
        for leaf in leaves() {
            let opened = try leaf.isEncrypted ? open(leaf, dataKey) : nil
            if let opened {
                opened.withBytes { hashed += $0 }
            } else if !isOnlyEncrypted, !leaf.isEncrypted {
                hashed += Array(leaf.plainText.utf8)
            }
            if leaf.path.count == 1, !leaf.isInList {
                values.append(Value(name: leaf.path[0], value: opened.map(leaf.asText), mark: leaf.mark))
            }
        }
        try checkCode(of: hashed, dataKey)
        return values
    }

    /// What stands before the values where the code is over encrypted ones alone: the SHA-256 of `sops`.
    private static let onlyEncryptedStart = ContentHash.sha256Bytes("sops".utf8)

    /// A digest of what stands under a name, for readers without keys.
    static func digest(of name: String, in root: YAMLNode) -> String {
        guard case .scalar(let text, _)? = root[name]?.content else { return "tree" }
        return Hex.encode(ContentHash.sha256Bytes(text.utf8).prefix(16))
    }

    // MARK: The data key and the code

    private func dataKey(_ identities: [AgeIdentity]) throws(Failure) -> [UInt8] {
        guard metadata["key_groups"] == nil else {
            throw Failure(
                message:
                    "its key is shared over `key_groups`, which cannot be read here; encrypt it with `sops --age"
                    + " RECIPIENT`", mark: metadata.mark)
        }
        guard case .sequence(let recipients)? = metadata["age"]?.content, !recipients.isEmpty else {
            throw Failure(
                message:
                    "it has no recipient of age, and keys of other kinds cannot be read here; add one with `sops"
                    + " rotate --add-age RECIPIENT`", mark: metadata.mark)
        }
        var failure: AgeError?
        for recipient in recipients.prefix(100) {
            guard case .scalar(let armored, _)? = recipient["enc"]?.content else { continue }
            do throws(AgeError) {
                let key = try AgeFile.decrypt(Array(armored.utf8), with: identities)
                guard key.count == 32 else {
                    throw AgeError(.payload, "its data key does not have 32 bytes; encrypt the file anew")
                }
                return key.withBytes { $0 }
            } catch {
                if failure == nil || error.code != .noMatch { failure = error }
            }
        }
        throw Failure(
            message: failure?.message ?? "its recipients have no `enc`; encrypt it anew with `sops`",
            mark: metadata.mark)
    }

    private func checkCode(of hashed: [UInt8], _ dataKey: [UInt8]) throws(Failure) {
        let mark = metadata["mac"]?.mark ?? metadata.mark
        let computed = Hex.encode(ContentHash.sha512Bytes(hashed)).uppercased()
        guard let code = text("mac"), let time = text("lastmodified"), let sealed = Sealed(code),
            let stored = sealed.open(dataKey, Array(time.utf8))
        else {
            throw Failure(
                message:
                    "its `mac` does not open, so nobody knows whether the file is as it was made; take it from git"
                    + " again, or encrypt it anew with `sops`", mark: mark)
        }
        guard ConstantTime.areEqual(stored, Array(computed.utf8)) else {
            throw Failure(
                message:
                    "its `mac` is that of another content: something was changed, added or removed without `sops`;"
                    + " take it from git again, or change it with `sops`", mark: mark)
        }
    }

    private func text(_ key: String) -> String? {
        guard case .scalar(let text, _)? = metadata[key]?.content else { return nil }
        return text
    }

    // MARK: The tree

    private struct Leaf {
        var path: [String]
        var isInList: Bool
        var text: String
        var isPlain: Bool
        var sealed: Sealed?
        var mark: SourceMark

        var isEncrypted: Bool { sealed != nil }

        /// How SOPS takes a value in clear into the code.
        var plainText: String {
            guard isPlain else { return text }
            switch PlainScalar.kind(of: text) {
            case .boolean: return text.lowercased() == "true" ? "True" : "False"
            case .integer: return Int(text).map { "\($0)" } ?? text
            case .null, .float, .text: return text
            }
        }

        /// `True` stands for `true`, as SOPS writes it back.
        func asText(_ value: SecretBytes) -> SecretBytes {
            guard sealed?.type == "bool" else { return value }
            return value.withBytes {
                SecretBytes(Array(String(decoding: $0, as: UTF8.self).lowercased().utf8))
            }
        }
    }

    /// All values in the order of the file. The depth is bounded by the YAML reader.
    private func leaves() -> [Leaf] {
        var leaves: [Leaf] = []
        func walk(_ node: YAMLNode, _ path: [String], isInList: Bool) {
            switch node.content {
            case .mapping(let entries):
                for entry in entries where !(path.isEmpty && entry.key == "sops") {
                    walk(entry.value, path + [entry.key], isInList: isInList)
                }
            case .sequence(let items):
                for item in items { walk(item, path, isInList: true) }
            case .scalar(let text, let isPlain):
                // Neither nothing nor an empty text is ever encrypted, nor does either count.
                guard !node.isNull else { return }
                leaves.append(
                    Leaf(
                        path: path, isInList: isInList, text: text, isPlain: isPlain, sealed: Sealed(text),
                        mark: node.mark))
            case .refused: break
            }
        }
        walk(root, [], isInList: false)
        return leaves
    }

    private func open(_ leaf: Leaf, _ dataKey: [UInt8]) throws(Failure) -> SecretBytes? {
        let additional = Array((leaf.path.joined(separator: ":") + ":").utf8)
        guard let sealed = leaf.sealed, var value = sealed.open(dataKey, additional) else {
            throw Failure(
                message:
                    "this value does not open: it was changed, or moved from another key; change it with `sops`",
                mark: leaf.mark)
        }
        defer { SecretBytes.clear(&value) }
        return SecretBytes(value)
    }

    /// `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`
    private struct Sealed {
        var type: String
        private var box: [UInt8]
        private var nonce: [UInt8]

        init?(_ text: String) {
            guard text.hasPrefix("ENC[AES256_GCM,"), text.hasSuffix("]") else { return nil }
            let parts = text.dropFirst(15).dropLast().split(separator: ",", omittingEmptySubsequences: false)
            let names = ["data:", "iv:", "tag:", "type:"]
            guard parts.count == names.count, zip(parts, names).allSatisfy({ $0.hasPrefix($1) }) else {
                return nil
            }
            let values = zip(parts, names).map { $0.dropFirst($1.count) }
            guard let data = Base64.decode(values[0].utf8, isPadded: true),
                let nonce = Base64.decode(values[1].utf8, isPadded: true), (1...64).contains(nonce.count),
                let tag = Base64.decode(values[2].utf8, isPadded: true), tag.count == SealedBox.tagSizeInBytes
            else { return nil }
            type = String(values[3])
            box = data + tag
            self.nonce = nonce
        }

        func open(_ key: [UInt8], _ additional: [UInt8]) -> [UInt8]? {
            SealedBox.open(box, key: key, nonce: nonce, additional: additional, with: .aes256GCM)
        }
    }
}
