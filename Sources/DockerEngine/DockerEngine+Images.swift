internal import FoundationEssentials
internal import HTTPClient
public import Model
public import Ports

extension DockerEngine {
    public func prepare(reference: String, known: ResolvedImage?) async throws(EngineError) -> ResolvedImage {
        if let known {
            if try await image(known.pinned) != nil { return known }
            guard known.isFromRegistry else {
                throw EngineError(
                    .internal,
                    "the image \(known.pinned) of \(reference) was built on this host and is gone: build "
                        + "or load it again", call: "GET /images/json")
            }
            try await pull(pinned: known.pinned)
            return known
        }
        guard let name = ImageReference(reference) else {
            throw EngineError(
                .invalid,
                "'\(EngineMessage.trimmed(reference))' is not an image reference such as "
                    + "registry.example.com/shop:1.4.2", call: "GET /images/json")
        }
        let peer = try await api.peer()
        if name.digest == nil, name.host == nil, let local = try await localImage(name, reference: reference)
        {
            return local
        }
        let pinned: String
        let digest: ContentDigest
        if let written = name.digest {
            digest = written
            pinned = name.pinned(to: digest)
        } else {
            do throws(EngineError) {
                digest = try await peer.isPodman ? resolveByPulling(name) : resolve(name)
            } catch {
                // An engine that keeps digests for images built on the host, as Podman does and Docker with the
                // store of containerd, makes them look like a registry's.
                let mayBeLocal: Set<EngineError.Code> =
                    peer.isPodman
                    ? [.notFound, .unauthorized, .registryUnavailable] : [.notFound, .unauthorized]
                guard mayBeLocal.contains(error.code), name.host == nil,
                    let local = try await self.image(name.lookup),
                    let resolved = Self.resolved(reference, local)
                else { throw error }
                return resolved
            }
            pinned = name.pinned(to: digest)
        }
        if let image = try await image(pinned) {
            // It may have come with an attempt that was refused.
            try await checkArchitecture(image, reference: pinned)
        } else {
            try await pull(pinned: pinned)
        }
        return ResolvedImage(reference: reference, pinned: pinned, digest: digest, isFromRegistry: true)
    }

    public func look(
        up reference: String, besides present: String?
    ) async throws(EngineError) -> ImageLookup? {
        guard let name = ImageReference(reference) else {
            throw EngineError(
                .invalid, "'\(EngineMessage.trimmed(reference))' is not an image reference",
                call: "GET /images/json")
        }
        if name.digest == nil, name.host == nil, let local = try await localImage(name, reference: reference)
        {
            return ImageLookup(digest: local.digest, pullBytes: 0)
        }
        let digest: ContentDigest
        if let written = name.digest {
            digest = written
        } else {
            // Podman resolves a name only by bringing it.
            guard try await !api.peer().isPodman else { return nil }
            digest = try await resolve(name)
        }
        let isOnHost = try await image(name.pinned(to: digest)) != nil
        return ImageLookup(
            digest: digest, pullBytes: isOnHost ? 0 : await pullBytes(name, digest, besides: present))
    }

    /// What of the image is not in the one that is there already.
    private func pullBytes(
        _ name: ImageReference, _ digest: ContentDigest, besides present: String?
    ) async -> Int64? {
        guard let architecture = try? await api.peer().architecture,
            var blobs = await inspection.blobs(of: name, digest, architecture: architecture)
        else { return nil }
        if let old = present.flatMap(ImageReference.init), let digest = old.digest,
            let known = await inspection.blobs(of: old, digest, architecture: architecture)
        {
            blobs = blobs.filter { known[$0.key] == nil }
        }
        return blobs.values.reduce(0) { sum, size in
            let (next, isTooLarge) = sum.addingReportingOverflow(size)
            return isTooLarge ? .max : next
        }
    }

    /// The image on the host; `nil` if it is not there.
    func image(_ name: String) async throws(EngineError) -> Wire.Image? {
        // The name's slashes are part of the path in this one call.
        let call = get(["images"] + name.split(separator: "/").map(String.init) + ["json"])
        return try await api.decodeIfThere(Wire.Image.self, call)
    }

    /// Makes the image of that digest present on the host.
    func pull(pinned: String) async throws(EngineError) {
        guard let name = ImageReference(pinned), let digest = name.digest else {
            throw EngineError(
                .invalid, "'\(EngineMessage.trimmed(pinned))' cannot be pulled", call: "POST /images/create")
        }
        try await pull(name, tag: digest.rawValue)
        guard let image = try await image(pinned) else {
            throw EngineError(
                .protocolViolation, "the engine reports success for \(pinned), but does not have it",
                call: "POST /images/create")
        }
        try await checkArchitecture(image, reference: pinned)
    }

    // MARK: Resolving

    /// An image that exists on the host only, as after a build or an import.
    private func localImage(
        _ name: ImageReference, reference: String
    ) async throws(EngineError) -> ResolvedImage? {
        guard let image = try await image(name.lookup), image.repoDigests?.isEmpty != false else {
            return nil
        }
        return Self.resolved(reference, image)
    }

    private static func resolved(_ reference: String, _ image: Wire.Image) -> ResolvedImage? {
        guard let id = image.id else { return nil }
        // Podman leaves the kind of digest out.
        guard let digest = ContentDigest(id) ?? ContentDigest("sha256:\(id)") else { return nil }
        return ResolvedImage(
            reference: reference, pinned: digest.rawValue, digest: digest, isFromRegistry: false)
    }

    /// Asks the registry, through the engine, which digest the tag names now.
    private func resolve(_ name: ImageReference) async throws(EngineError) -> ContentDigest {
        let path = ["distribution"] + name.lookup.split(separator: "/").map(String.init) + ["json"]
        var call = get(path)
        call.headers = authenticationHeaders(name)
        call.timeout = configuration.effectTimeout
        let response: HTTPResponse
        do throws(EngineError) {
            response = try await api.send(call, accepting: Set(400...599))
        } catch {
            guard error.code == .timeout else { throw error }
            throw EngineError(
                .registryUnavailable, "asking for \(name.lookup): \(error.message)", call: call.name)
        }
        guard response.status < 400 else {
            let text = EngineMessage.text(of: response.body)
            throw EngineMessage.registryError(
                "\(name.lookup): \(text)", status: response.status, call: call.name)
        }
        let answer = try DockerAPI.decode(Wire.Distribution.self, response.body, call: call.name)
        guard let digest = answer.descriptor?.digest.flatMap(ContentDigest.init) else {
            throw EngineError(
                .protocolViolation, "the registry gave no digest for \(name.lookup)", call: call.name)
        }
        return digest
    }

    private func resolveByPulling(_ name: ImageReference) async throws(EngineError) -> ContentDigest {
        try await pull(name, tag: name.tag ?? "latest")
        let digests = try await image(name.lookup)?.repoDigests ?? []
        let candidates = digests.compactMap(ImageReference.init)
        let own = candidates.first { $0.name == name.name || $0.name.hasSuffix("/\(name.name)") }
        guard let digest = own?.digest else {
            throw EngineError(
                .protocolViolation, "the engine has pulled \(name.lookup) and knows no digest of it",
                call: "POST /images/create")
        }
        return digest
    }

    private func authenticationHeaders(_ name: ImageReference) -> [(String, String)] {
        authentication.header(for: name.registry).map { [("X-Registry-Auth", $0)] } ?? []
    }

    // MARK: Pulling

    private func pull(_ name: ImageReference, tag: String) async throws(EngineError) {
        var call = post(["images", "create"], query: [("fromImage", name.name), ("tag", tag)])
        call.headers = authenticationHeaders(name)
        // Until the first layer is known the engine is silent.
        call.timeout = configuration.pullIdleTimeout
        let stream: HTTPStream
        do throws(EngineError) {
            stream = try await api.stream(call, idleTimeout: configuration.pullIdleTimeout)
        } catch {
            switch error.code {
            case .unreachable, .protocolViolation: throw error
            case .timeout:
                throw EngineError(
                    .registryUnavailable, "pulling \(name.name): \(error.message)", call: call.name)
            default:
                throw EngineMessage.registryError(
                    "\(name.name): \(error.message)", status: Self.status(of: error.code), call: call.name)
            }
        }
        var lines = LineSplitter(limitInBytes: 1 << 20)
        do {
            for try await piece in stream.body {
                for line in try lines.add(piece) { try Self.checkProgress(line, name: name, call: call.name) }
            }
            if let line = lines.rest() { try Self.checkProgress(line, name: name, call: call.name) }
        } catch let error as EngineError {
            throw error
        } catch let error as HTTPError {
            guard error.code == .timeout else { throw api.engineError(error, call: call.name) }
            throw EngineError(.registryUnavailable, "pulling \(name.name): \(error.message)", call: call.name)
        } catch is LineSplitter.TooLong {
            throw EngineError(.protocolViolation, "a progress message is longer than 1 MiB", call: call.name)
        } catch {
            throw EngineError(.internal, "the pull of \(name.name) was cancelled", call: call.name)
        }
    }

    /// An error comes inside an answer that has long begun with status 200.
    static func checkProgress(_ line: [UInt8], name: ImageReference, call: String) throws(EngineError) {
        // Progress that cannot be read is no reason to give up a pull; the image is looked for at the end.
        guard let progress = try? JSONDecoder().decode(Wire.PullProgress.self, from: Data(line)) else {
            return
        }
        if let text = progress.errorDetail?.message ?? progress.error, !text.isEmpty {
            throw EngineMessage.registryError("\(name.name): \(text)", status: nil, call: call)
        }
    }

    /// The status that `EngineMessage.error` has made this code from.
    private static func status(of code: EngineError.Code) -> Int? {
        switch code {
        case .invalid: 400
        case .unauthorized: 401
        case .notFound: 404
        default: nil
        }
    }

    private func checkArchitecture(_ image: Wire.Image, reference: String) async throws(EngineError) {
        let host = try await api.peer().architecture
        guard !configuration.allowsForeignArchitectures, let made = image.architecture, !made.isEmpty,
            !host.isEmpty,
            made != host
        else { return }
        // These run 32-bit programs as they are.
        if (host, made) == ("amd64", "386") || (host, made) == ("arm64", "arm") { return }
        throw EngineError(
            .invalid,
            "the image \(reference) is made for \(made), and this host is \(host): publish it for \(host) too",
            call: "POST /images/create")
    }
}
