internal import Crypto
internal import FoundationEssentials
internal import Model

/// Digests of values by their canonical JSON: sorted keys, nothing optional, no white space.
enum CanonicalDigest {
    /// - Parameter version: a line that names the format, so that a later one can never collide with it.
    static func of(_ value: some Encodable, version: String) -> ContentDigest {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(value) else {
            // Values of the model hold strings, integers and bytes only, and those always encode.
            preconditionFailure("a value of the model could not be encoded")
        }
        guard let digest = ContentDigest(ContentHash.sha256(Array("\(version)\n".utf8) + Array(json))) else {
            preconditionFailure("a SHA-256 digest was not well-formed")
        }
        return digest
    }

    static func of(_ spec: AppSpec) -> ContentDigest {
        var spec = spec
        spec.files = withoutSources(spec.files)
        // The fingerprint stands for the value: what is encrypted anew is no new release.
        spec.secrets = spec.secrets.map { $0.map(\.withoutSealing) }
        return of(spec, version: "slipway-spec-1")
    }

    static func of(_ template: ContainerTemplate) -> ContentDigest {
        var template = template
        template.files = withoutSources(template.files)
        template.secrets = template.secrets.map { $0.map(\.withoutSealing) }
        return of(template, version: "slipway-template-1")
    }

    /// A file that moves in the repository is still the same file in the container.
    private static func withoutSources(_ files: [FileSpec]) -> [FileSpec] {
        files.map { FileSpec(target: $0.target, source: "", content: $0.content) }
    }
}
