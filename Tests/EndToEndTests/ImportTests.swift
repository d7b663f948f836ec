import FoundationEssentials
import Model
import Testing

/// What another tool deployed is imported, committed, and deployed by a real controller.
@Suite struct ImportTests {
    @Test func anImportedComposeFileIsDeployed() async throws {
        try await World.with { world in
            let image = "\(world.settings.registry)/app"
            let compose = """
                x-app: &app
                  restart: unless-stopped
                  expose: ["8080"]
                  stop_grace_period: 2s
                  healthcheck:
                    test: ["CMD-SHELL", "wget -q -O /dev/null http://127.0.0.1:$${PORT}/health"]
                    interval: 1s
                    retries: 5
                    start_period: 20s
                services:
                  store_1:
                    <<: *app
                    image: "\(image):${TAG:-1}"
                    volumes: ["data:/data"]
                  web:
                    <<: *app
                    image: "\(image):2"
                    depends_on: {store_1: {condition: service_healthy}}
                    deploy: {replicas: 2, resources: {limits: {memory: 64M}}}
                    environment: {GREETING: "hello $${name}"}
                volumes: {data: }
                """
            let file = world.directory + "/compose.yaml"
            try Data(compose.utf8).write(to: URL(filePath: file))
            let output = try await world.slipway(
                "import", "compose", file, "--to", world.repository.clone + "/apps")
            #expect(output.exitCode == 0, "\(output)")
            try await world.repository.commit(message: "Come from Compose")
            try await world.start()
            try await world.converged("store-1", on: 1)
            let web = try await world.converged("web", on: 1)
            #expect(web.processes.map(\.ready) == [2])
            let instance = try #require(try await world.containers("web").first)
            let environment = try await world.engine.docker(
                "inspect", "--format", "{{json .Config.Env}} {{.HostConfig.Memory}}", instance.id)
            #expect(environment.contains("GREETING=hello ${name}"), "\(environment)")
            #expect(environment.contains("67108864"))
        }
    }
}
