import Importing
import Model
import Testing

@Suite struct ComposeTests {
    @Test func aPlainFileLoadsWithoutAFinding() throws {
        let result = try compose(
            """
            name: team
            services:
              web:
                image: registry.example.com/web:1.2
                command: bin/serve --bind "0.0.0.0:8080" $$HOME
                expose: ["8080"]
                environment:
                  LOG_LEVEL: info
                  WORKERS: 4
                  TEMPLATE: $${name}
                depends_on: {store: {condition: service_healthy}}
                healthcheck:
                  test: ["CMD", "wget", "-q", "http://localhost:8080/health"]
                  interval: 1m30s
                  timeout: 2.5s
                  retries: 5
                restart: unless-stopped
                stop_grace_period: 45s
                deploy:
                  replicas: 3
                  resources: {limits: {cpus: "0.5", memory: 256M}}
                  update_config: {order: start-first, parallelism: 2}
              store:
                image: redis:7.2
                restart: "no"
                volumes: ["data:/data"]
            volumes: {data: }
            """)
        #expect(result.findings.isEmpty, "\(result.findings.map(\.message))")
        #expect(!result.hasWork)
        let web = try #require(try result.spec("web"))
        #expect(web.project.rawValue == "team")
        #expect(web.image == "registry.example.com/web:1.2")
        #expect(web.env == ["LOG_LEVEL": "info", "WORKERS": "4", "TEMPLATE": "${name}"])
        #expect(web.dependsOn.map(\.rawValue) == ["store"])
        let process = try #require(web.processes.first)
        #expect(process.command == ["bin/serve", "--bind", "0.0.0.0:8080", "$HOME"])
        #expect(process.replicas == 3)
        #expect(process.port == 8080)
        #expect(process.resources?.nanoCPUs == 500_000_000)
        #expect(process.resources?.memoryInBytes == 256 << 20)
        #expect(process.stopGracePeriod == .seconds(45))
        #expect(process.healthcheck?.interval == .seconds(90))
        #expect(process.healthcheck?.timeout == .milliseconds(2_500))
        #expect(process.healthcheck?.retries == 5)
        #expect(process.healthcheck?.check == .command(["wget", "-q", "http://localhost:8080/health"]))
        let store = try #require(try result.spec("store")?.processes.first)
        #expect(store.restart?.rawValue == "no")
        #expect(store.volumes.map { "\($0.volume):\($0.target)" } == ["data:/data"])
    }

    @Test func anchorsAliasesAndMergeKeysAreFilledIn() throws {
        let result = try compose(
            """
            x-base: &base
              image: registry.example.com/base:1
              restart: always
              environment: &env {LEVEL: info, MODE: base}
            x-limits: &limits {mem_limit: 64m}
            services:
              one:
                <<: [*base, *limits]
                environment: {<<: *env, MODE: one}
              two:
                <<: *base
                image: registry.example.com/two:1
            """)
        #expect(result.findings.isEmpty, "\(result.findings.map(\.message))")
        let one = try #require(try result.spec("one"))
        #expect(one.env == ["LEVEL": "info", "MODE": "one"])
        #expect(one.image == "registry.example.com/base:1")
        #expect(one.processes.first?.resources?.memoryInBytes == 64 << 20)
        #expect(try result.spec("two")?.image == "registry.example.com/two:1")
    }

    @Test func whatAliasesExpandToIsBounded() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            let aliases = (0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        text += "services: {web: {image: x:1}}\n"
        let clock = ContinuousClock()
        let start = clock.now
        let error = #expect(throws: Diagnostic.self) { try compose(text) }
        #expect(error?.code == "too_many_values")
        #expect(clock.now - start < .seconds(2))
        let deep = String(repeating: "[", count: 500)
        #expect(throws: Diagnostic.self) { try compose("services: \(deep)") }
        #expect(throws: Diagnostic.self) { try compose("services: {a: *nowhere}") }
    }

    /// What is refused, by its place, and that the app says so in its own file.
    @Test(arguments: [
        ("privileged: true", "no_counterpart"), ("network_mode: host", "network_mode"),
        ("build: .", "build"), ("entrypoint: /start.sh", "entrypoint"),
        ("cap_add: [NET_ADMIN]", "no_counterpart"),
        ("devices: [/dev/net/tun]", "no_counterpart"), ("pid: host", "no_counterpart"),
        ("volumes: [\"/var/run/docker.sock:/var/run/docker.sock\"]", "engine_socket"),
        ("volumes: [\"./data:/data\"]", "bind_mount"), ("ports: [\"80:8080\"]", "host_port"),
        ("ports: [\"53:53/udp\"]", "protocol"), ("ports: [\"3000-3005\"]", "port_range"),
        ("links: [db]", "link"), ("tmpfs: /run", "no_counterpart"), ("user: \"1000\"", "no_counterpart"),
        ("depends_on: {other: {condition: service_completed_successfully}}", "one_off"),
        ("depends_on: [nobody]", "unknown_service"), ("deploy: {mode: global}", "mode"),
        ("secrets: [token]", "secret_file"), ("image: \"${UNSET}\"", "variable_without_value"),
        ("environment: {LEVEL: \"${UNSET}\"}", "variable_without_value"),
        ("environment: {DB_PASSWORD: hunter2}", "secret"), ("env_file: gone.env", "env_file"),
        ("extends: {file: other.yaml, service: web}", "no_counterpart")
    ]) func whatHasNoCounterpartIsSaidWithItsPlace(line: String, code: String) throws {
        let image = line.hasPrefix("image") ? "" : "\n    image: registry.example.com/web:1"
        let result = try compose(
            "services:\n  web:\n    \(line)\(image)\n  other:\n    image: registry.example.com/other:1\n")
        let finding = try #require(
            result.findings.first { $0.code == code && $0.severity == .error },
            "\(result.findings.map(\.code))")
        #expect(finding.path == "compose.yaml")
        #expect(finding.line == 3)
        #expect(finding.column > 1)
        #expect(finding.message.count > 20)
        #expect(result.hasWork)
    }

    @Test func secretsAreNamedAndNeverWrittenDown() throws {
        let result = try compose(
            """
            services:
              web:
                image: registry.example.com/web:1
                env_file: [web.env]
                environment:
                  - API_TOKEN=sentinel-one
                  - DATABASE_URL=postgres://shop:sentinel-two@db/shop
                  - MYSQL_PASSWORD=${DB_PASSWORD}
                  - ADMIN_PASSWORD_FILE=/run/secrets/admin
                  - ALLOW_EMPTY_PASSWORD=yes
                volumes: ["./signing.key:/etc/signing.key"]
            """,
            files: [
                "web.env": "SESSION_SECRET=sentinel-three\nLEVEL=debug\n",
                ".env": "DB_PASSWORD=sentinel-four\n",
                "signing.key": "sentinel-five"
            ])
        #expect(
            result.text("web").contains(
                "secrets: [ADMIN_PASSWORD, API_TOKEN, DATABASE_URL, MYSQL_PASSWORD, SESSION_SECRET]"),
            "\(result.text("web"))")
        #expect(result.text("web").contains("ALLOW_EMPTY_PASSWORD: \"yes\""))
        #expect(result.text("web").contains("LEVEL: debug"))
        let everything =
            "\(result.apps)\(result.findings)\(result.files.map { String(decoding: $0.bytes, as: UTF8.self) })"
        #expect(!everything.contains("sentinel"))
    }

    @Test func variablesHaveComposesForms() throws {
        let result = try compose(
            """
            services:
              web:
                image: "${REGISTRY:-registry.example.com}/web:${TAG-1}"
                environment:
                  A: ${FROM_FILE}
                  B: ${EMPTY:-default}
                  C: ${EMPTY-default}
                  D: ${UNSET:-${FROM_FILE:-x}}
                  E: ${FROM_FILE:+alt}
                  F: $FROM_FILE.tail
                  G: 1$$2
            """, files: [".env": "FROM_FILE=file\nEMPTY=\n"])
        #expect(!result.hasWork, "\(result.findings.map(\.message))")
        let spec = try #require(try result.spec("web"))
        #expect(spec.image == "registry.example.com/web:1")
        #expect(
            spec.env == [
                "A": "file", "B": "default", "C": "", "D": "file", "E": "alt", "F": "file.tail", "G": "1$2"
            ])
    }

    @Test func smallFilesBesideItBecomeFilesOfTheApp() throws {
        let result = try compose(
            """
            services:
              proxy:
                image: nginx:1.27
                volumes:
                  - ./proxy/nginx.conf:/etc/nginx/conf.d/default.conf:ro
                  - /etc/localtime:/etc/localtime:ro
                configs: [{source: motd, target: /etc/motd}]
            configs: {motd: {content: "hello"}}
            """, files: ["proxy/nginx.conf": "events {}\n"])
        #expect(!result.hasWork, "\(result.findings.map(\.message))")
        #expect(result.files.map(\.path) == ["proxy/motd", "proxy/nginx.conf"])
        let spec = try #require(try result.spec("proxy"))
        #expect(spec.files.map(\.target) == ["/etc/motd", "/etc/nginx/conf.d/default.conf"])
    }

    @Test func namesAreMadeToFitAndOldOnesAreTold() throws {
        let result = try compose(
            """
            services:
              shop_db: {image: "postgres:16"}
              shop-db: {image: "postgres:16"}
              web:
                image: registry.example.com/web:1
                environment: {DB_HOST: shop_db}
                labels: ["traefik.http.routers.web.rule=Host(`shop.example.com`)"]
                expose: [80]
            """)
        #expect(Set(result.apps.map(\.name)) == ["shop-db", "shop-db-2", "web"])
        #expect(result.has("renamed", at: 2))
        #expect(result.has("old_name", at: 6))
        let web = try #require(try result.spec("web")?.processes.first)
        #expect(web.domains?.map(\.host) == ["shop.example.com"])
        let rest = try compose(
            "services: {debug: {image: 'x:1', profiles: [debug], labels: ['traefik.http.routers.w.rule=Host(`a.b`)']}}"
        )
        #expect(try rest.spec("debug")?.processes.first?.replicas == 0)
    }

    @Test func aVolumeOfTwoServicesIsSaidAndWhatAnAliasBringsInIsSaidOnce() throws {
        let result = try compose(
            """
            x-base: &base {image: "x:1", privileged: true, volumes: ["data:/data"]}
            services: {a: {<<: *base}, b: {<<: *base}}
            """)
        #expect(result.findings.count { $0.code == "shared_volume" } == 1)
        #expect(result.findings.count { $0.code == "no_counterpart" } == 1)
        #expect(result.text("a").contains("privileged") && result.text("b").contains("privileged"))
    }

    @Test func aCircleOfDependenciesIsBroken() throws {
        let result = try compose(
            "services: {a: {image: 'x:1', depends_on: [b]}, b: {image: 'x:1', depends_on: [c]}, c: {image: 'x:1', depends_on: [a]}}"
        )
        #expect(result.has("dependency_cycle"))
        #expect(!result.has("dependency_cycle", at: 0))
        for name in ["a", "b", "c"] { #expect(try result.spec(name) != nil) }
    }

    @Test(arguments: [
        "", "a: 1", "services: [x]", "{", "services: {a: {image: &x [*x]}}", "\u{0}", "services: {a: 5}"
    ])
    func whatIsNoComposeFileIsSaid(text: String) {
        do {
            let result = try compose(text)
            #expect(result.hasWork)
        } catch {
            let finding = error as? Diagnostic
            #expect(finding?.path == "compose.yaml")
        }
    }
}
