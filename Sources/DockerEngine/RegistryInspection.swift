internal import Execution
internal import FoundationEssentials
internal import Glibc
internal import Model

/// How large an image is in its registry, by `skopeo`: an engine tells its size only once it has it.
///
/// For people's plans only. Whatever goes wrong means that the size is not known, and nothing waits for it for long.
struct RegistryInspection: Sendable {
    static let program = "/usr/bin/skopeo"
    /// For each of at most two questions.
    private static let timeout = Duration.seconds(10)
    private static let manifestLimitInBytes = 4 << 20

    let authentication: RegistryAuthentication
    private let pool = BlockingPool(name: "registry", threads: 4)

    /// What of an image goes over the wire, by digest.
    typealias Blobs = [String: Int64]

    /// - Parameter architecture: of the machine, as the engine names it, such as `amd64`.
    /// - Returns: `nil` where the program or the registry does not tell.
    func blobs(of name: ImageReference, _ digest: ContentDigest, architecture: String) async -> Blobs? {
        guard unsafe access(Self.program, X_OK) == 0 else { return nil }
        return await pool.run { () -> Blobs? in
            guard let first = manifest(name, digest.rawValue) else { return nil }
            guard let index = first.manifests else { return first.blobs }
            let chosen = index.first {
                $0.platform?.os == "linux" && $0.platform?.architecture == architecture
            }
            guard let chosen, let digest = ContentDigest(chosen.digest) else { return nil }
            return manifest(name, digest.rawValue)?.blobs
        }
    }

    private func manifest(_ name: ImageReference, _ digest: String) -> Manifest? {
        var arguments = [Self.program, "inspect", "--raw", "--authfile", "/dev/stdin"]
        // As engines do: a registry on this machine may speak HTTP.
        if name.isOnThisMachine { arguments.append("--tls-verify=false") }
        arguments.append("docker://\(name.name)@\(digest)")
        // The credentials go where no other process sees them.
        let output = try? Subprocess.run(
            arguments, environment: ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"],
            input: Array(authentication.file(for: name.registry).utf8), timeout: Self.timeout,
            outputLimitInBytes: Self.manifestLimitInBytes)
        guard let output, output.exitCode == 0, !output.timedOut else { return nil }
        return try? JSONDecoder().decode(Manifest.self, from: Data(output.standardOutput))
    }

    /// A manifest or an index of OCI or of Docker: what both have in the same words.
    private struct Manifest: Decodable {
        struct Blob: Decodable {
            var digest: String
            var size: Int64
        }
        struct Entry: Decodable {
            struct Platform: Decodable {
                var os: String?
                var architecture: String?
            }
            var digest: String
            var platform: Platform?
        }
        var config: Blob?
        var layers: [Blob]?
        var manifests: [Entry]?

        var blobs: Blobs {
            let all = (layers ?? []) + (config.map { [$0] } ?? [])
            return Dictionary(all.map { ($0.digest, max(0, $0.size)) }) { first, _ in first }
        }
    }
}

extension ImageReference {
    fileprivate var isOnThisMachine: Bool {
        let name = host.map { host in host.lastIndex(of: ":").map { String(host[..<$0]) } ?? host } ?? ""
        return name == "localhost" || name.hasPrefix("127.")
    }
}
