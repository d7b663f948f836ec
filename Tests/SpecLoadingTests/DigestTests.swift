import Model
import SpecLoading
import Testing

@Suite struct DigestTests {
    @Test func reformattingMakesNoNewDigest() throws {
        let one = try spec(
            shop
                + "port: 80\nreplicas: 2\nenv: {A: b, C: \"1\"}\nstop_grace_period: 60s\ndepends_on: [a, b]\n"
        )
        let other = """
            # A comment
            depends_on:
              - b
              - a
            image: "registry.example.com/shop:1.4.2"
            processes:
              web:
                stop_grace_period: 1m
                port: 80
                replicas: 2
            env:
              C: 1
              "A": 'b'
            x-note: nothing
            name: shop
            """
        #expect(try spec(other).digest == one.digest)
    }

    @Test func theDigestIsThatOfThisFormatForever() throws {
        // A change here restarts every app of every installation: it needs a new version tag and a reason.
        let digest = try spec("name: shop\nimage: nginx:1.27\n").digest
        #expect(digest.rawValue == "sha256:2bce2ef7a5f7fc897c525e688269195741a466843e4117b3e87bf3c6384288fa")
    }

    @Test func keysThatASpecDoesNotUseAreNotInItsDigest() throws {
        // Taken before `group` and `on_insufficient` were known, and before the steps of a canary were acted on.
        let text = """
            name: shop
            image: registry.example.com/shop:1.4.2
            project: retail
            env: {A: b}
            depends_on: [catalog]
            reversible: true
            processes:
              web: {port: 80, replicas: 3, healthcheck: {path: /health}, volumes: ["data:/data:ro"]}
              worker: {command: [w], stop_grace_period: 5s}
            volumes: {data: {shared: true}}
            deploy:
              strategy: rolling
              max_surge: 50%
              max_unavailable: 1
              min_healthy_time: 5s
              timeout: 9m
              rollback: true
              approval: none
            """
        let digest = try spec(text).digest.rawValue
        #expect(digest == "sha256:64325249e649742392d90048a6f7ee1cf17cb3bfa8eb24c1a3c3838a0bdf0a4a")
    }

    @Test(arguments: [
        "port: 81\n", "env: {A: c}\n", "replicas: 2\n", "restart: always\n", "deploy: {timeout: 9m}\n",
        "files: {/a: b.txt}\n", "env_files: [a.env]\n", "project: other\n", "reversible: true\n",
        "volumes: [a:/a]\n", "group: train\n", "port: 1\ndeploy: {strategy: canary}\n",
        "port: 1\ndeploy: {strategy: canary, steps: [1%, 100%]}\n",
        "port: 1\ndeploy: {strategy: canary, bake: 1s}\n",
        "port: 1\ndeploy: {strategy: canary, analysis: [{http: /smoke}]}\n"
    ])
    func whatChangesTheAppChangesTheDigest(_ line: String) throws {
        let files = ["a.txt": "a", "b.txt": "b", "a.env": "A=1"]
        #expect(try spec(shop + line, files: files).digest != (try spec(shop, files: files).digest))
    }

    @Test func filesCountByTheirContentNotTheirPlace() throws {
        let one = try spec(shop + "files: {/a: a.txt}\n", files: ["a.txt": "1"])
        let moved = try spec(shop + "files: {/a: b.txt}\n", files: ["b.txt": "1"])
        let changed = try spec(shop + "files: {/a: a.txt}\n", files: ["a.txt": "2"])
        #expect(one.digest == moved.digest)
        #expect(one.digest != changed.digest)
        let env = try spec(shop + "env_files: [a.env]\n", files: ["a.env": "# note\nA=1\n"])
        #expect(env.digest == (try spec(shop + "env: {A: 1}\n").digest))
    }

    @Test func aTemplateFollowsWhatItsContainersAreMadeOf() throws {
        let text = shop + "processes: {web: {port: 80}, worker: {command: [w]}}\n"
        let one = try templates(text)
        #expect(try templates(text + "deploy: {timeout: 9m}\n") == one)
        let more = try templates(
            shop + "processes: {web: {port: 80, replicas: 5}, worker: {command: [w, x]}}\n")
        #expect(more["web"] == one["web"])
        #expect(more["worker"]?.digest != one["worker"]?.digest)
        #expect(try templates(text, image: "1")["web"]?.digest != one["web"]?.digest)
    }

    @Test func aTemplateHasNamesEnvironmentAndMounts() throws {
        let text = """
            \(shop)project: retail
            env: {A: b}
            processes:
              web: {port: 8080, volumes: ["data:/data:ro"], resources: {cpus: 0.5, memory: 64M}}
              worker: {command: [w], stop_grace_period: 5s, restart: "no"}
            volumes: {data: {}}
            """
        let all = try templates(text)
        let web = try #require(all["web"]?.container)
        #expect(web.env == ["A": "b", "SLIPWAY_APP": "shop", "SLIPWAY_PROCESS": "web", "PORT": "8080"])
        #expect(web.aliases == ["shop", "shop-web"])
        #expect(web.network == "t-slipway-retail")
        #expect(web.mounts == [.init(volume: "t-shop-data", target: "/data", isReadOnly: true)])
        #expect(web.nanoCPUs == 500_000_000)
        #expect(web.memoryInBytes == 64 << 20)
        #expect(web.restart == .always)
        let worker = try #require(all["worker"]?.container)
        #expect(worker.aliases == ["shop-worker"])
        #expect(worker.env["PORT"] == nil)
        #expect(worker.stopGrace == .seconds(5))
        #expect(worker.restart == .never)
        #expect(try templates(shop + "port: 80\nenv: {PORT: 9}\n")["web"]?.container.env["PORT"] == "9")
    }

    private func templates(_ text: String, image digit: String = "0") throws -> [String: Release.Template] {
        let digest = try #require(ContentDigest("sha256:" + String(repeating: digit, count: 64)))
        let image = ResolvedImage(
            reference: "shop:1", pinned: "shop@\(digest)", digest: digest, isFromRegistry: true)
        let templates = Templates.templates(
            for: try spec(text).spec, image: image, naming: Naming(prefix: "t-"))
        return Dictionary(uniqueKeysWithValues: templates.map { ($0.key.rawValue, $0.value) })
    }
}
