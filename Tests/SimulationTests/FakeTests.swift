import Model
import Ports
import Simulation
import Testing

/// What the fakes of the simulated world do that a world without them would not show.
@Suite struct FakeTests {
    private static let reference = "registry.example.com/shop:1"

    private func order(_ image: String, _ name: String = "shop-web-v1-1") throws -> InstanceOrder {
        let digest = try #require(ContentDigest("sha256:" + String(repeating: "a", count: 64)))
        return InstanceOrder(
            name: name,
            labels: InstanceLabels(
                installation: try #require(InstallationName("test")),
                project: try #require(ProjectName("retail")), app: try #require(AppName("shop")),
                process: try #require(ProcessName("web")), release: .first, spec: digest, template: digest,
                source: try #require(SourceName("main")), path: "shop.yaml",
                commit: try #require(CommitID(String(repeating: "c", count: 40)))),
            template: ContainerTemplate(
                image: image, command: nil, env: [:], files: [], mounts: [], nanoCPUs: nil,
                memoryInBytes: nil, restart: .always, stopGrace: .seconds(5), network: "slipway-retail",
                aliases: []))
    }

    private func refusal(_ call: () async throws -> Void) async -> EngineError.Code? {
        do {
            try await call()
            return nil
        } catch {
            return (error as? EngineError)?.code
        }
    }

    // MARK: Images

    @Test func `an image that was pruned is pulled again by what needs it, or that is refused`() async throws
    {
        let engine = FakeEngine()
        let image = try engine.prepare(reference: Self.reference, known: nil)
        #expect(engine.pruneImages() == [image.pinned])
        engine.setPrepareFailure(.registryUnavailable, forImagesContaining: "shop")
        #expect(
            await refusal { _ = try await engine.launch(try order(image.pinned)) } == .registryUnavailable)
        #expect(
            await refusal { _ = try engine.prepare(reference: Self.reference, known: image) }
                == .registryUnavailable)
        #expect(engine.instances.isEmpty)
        engine.setPrepareFailure(nil, forImagesContaining: "shop")
        _ = try await engine.launch(try order(image.pinned))
        #expect(engine.instances.map(\.image) == [image.pinned])
    }

    @Test func `an image that a container is of is not pruned`() async throws {
        let engine = FakeEngine()
        let image = try engine.prepare(reference: Self.reference, known: nil)
        let id = try await engine.launch(try order(image.pinned))
        try engine.stop(id, grace: .zero)
        #expect(engine.pruneImages().isEmpty)
        try engine.remove(id, grace: .zero)
        #expect(engine.pruneImages() == [image.pinned])
    }

    @Test func `a tag that was moved names another image, and what is known stays what it is`() throws {
        let engine = FakeEngine()
        let before = try engine.prepare(reference: Self.reference, known: nil)
        engine.moveTag(Self.reference)
        #expect(try engine.prepare(reference: Self.reference, known: before) == before)
        let after = try engine.prepare(reference: Self.reference, known: nil)
        #expect(after.digest != before.digest)
        #expect(after.reference == before.reference)
        engine.moveTag(Self.reference)
        #expect(try engine.prepare(reference: Self.reference, known: nil).digest != after.digest)
        #expect(try engine.prepare(reference: before.pinned, known: nil).digest == before.digest)
    }

    @Test func `a host that lacks something leaves a container that has never run`() async throws {
        let engine = FakeEngine()
        engine.setStartProblem("too many open files")
        #expect(await refusal { _ = try await engine.launch(try order(Self.reference)) } == .internal)
        #expect(engine.instances.map(\.state) == [.created(error: "too many open files")])
        engine.setStartProblem(nil)
        _ = try await engine.launch(try order(Self.reference))
        #expect(engine.instances.map(\.state) == [.running])
    }

    // MARK: The store

    @Test func `a store that is cut has what was written until then`() throws {
        let store = MemoryStore(keepsRecords: true)
        let app = try #require(AppName("shop"))
        let (source, project) = (try #require(SourceName("main")), try #require(ProjectName("retail")))
        var states = [try store.load()]
        states.append(try store.claim())
        for second in 1...3 {
            var batch = StoreBatch()
            batch.epoch = 1
            batch.apps[app] = AppMemory(
                source: source, path: "shop.yaml", project: project,
                now: Instant(nanoseconds: Int64(second)))
            try store.commit(batch)
            states.append(try store.load())
        }
        #expect(store.recordCount == 4)
        for (count, state) in states.enumerated() {
            let cut = store.cut(losing: 4 - count)
            #expect(cut.recordCount == count)
            #expect(try cut.load().apps == state.apps)
            #expect(try cut.load().epoch == state.epoch)
        }
        #expect(try store.cut(losing: 9).load().isNew)
    }
}
