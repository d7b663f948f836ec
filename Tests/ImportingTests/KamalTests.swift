import Importing
import Model
import Testing

@Suite struct KamalTests {
    private let text = """
        service: shop
        image: team/shop
        registry: {server: registry.example.com, username: robot, password: [REGISTRY_PASSWORD]}
        servers:
          web: [10.0.0.1, 10.0.0.2]
          jobs:
            hosts: [10.0.0.3]
            cmd: bin/jobs --queue "low priority"
            options: {memory: 512m, cap-add: SYS_PTRACE}
        proxy:
          ssl: true
          host: shop.example.com
          app_port: 3000
          healthcheck: {path: /up, interval: 3}
          response_timeout: 20
          buffering: {max_request_body: 40_000_000}
        env:
          clear: {RAILS_ENV: production, DATABASE_URL: "mysql2://shop:sentinel@db/shop"}
          secret: [RAILS_MASTER_KEY, DB_PASSWORD:MAIN_DB_PASSWORD]
        volumes: ["shop_storage:/rails/storage"]
        asset_path: /rails/public/assets
        drain_timeout: 15
        builder: {arch: amd64}
        accessories:
          db:
            image: mysql:8.0
            host: 10.0.0.4
            port: "127.0.0.1:3306:3306"
            env: {clear: {MYSQL_ROOT_HOST: "%"}, secret: [MYSQL_ROOT_PASSWORD]}
            files: ["config/my.cnf:/etc/mysql/my.cnf"]
            directories: ["data:/var/lib/mysql"]
        """

    @Test func rolesAreProcessesAndAccessoriesApps() throws {
        let result = try kamal(text, files: ["config/my.cnf": "[mysqld]\n"])
        #expect(Set(result.apps.map(\.name)) == ["shop", "shop-db"])
        let shop = result.text("shop")
        #expect(shop.contains("image: registry.example.com/team/shop"))
        #expect(shop.contains("secrets: [DATABASE_URL, DB_PASSWORD, RAILS_MASTER_KEY]"), "\(shop)")
        #expect(shop.contains("command: [bin/jobs, --queue, low priority]"))
        #expect(shop.contains("domains: [shop.example.com]"))
        #expect(shop.contains("port: 3000"))
        #expect(shop.contains("replicas: 2"))
        #expect(shop.contains("path: /up"))
        #expect(shop.contains("timeout: 20s"))
        #expect(shop.contains("drain_timeout: 15s"))
        #expect(shop.contains("memory: 512m"))
        #expect(result.text("shop-db").contains("/etc/mysql/my.cnf: shop-db/my.cnf"))
        #expect(result.text("shop-db").contains("data:/var/lib/mysql"))
        #expect(!"\(result)".contains("sentinel"))
        for (code, line) in [
            ("image_tag", 2), ("no_counterpart", 21), ("secret_alias", 19), ("option", 9), ("directory", 31)
        ] {
            #expect(result.has(code, at: line), "\(code) \(result.findings.map { "\($0.code):\($0.line)" })")
        }
    }

    @Test func whatIsLeftForTheLoaderAreTheValuesOfSecrets() throws {
        let result = try kamal(text, files: ["config/my.cnf": "[mysqld]\n"])
        let errors = result.loaderFindings.filter { $0.severity == .error }
        #expect(Set(errors.map { "\($0.code) \($0.keyPath)" }) == ["unreadable_file secrets"])
        #expect(errors.allSatisfy { $0.message.contains("slipway secrets encrypt") }, "\(errors)")
    }

    @Test func aDestinationIsLaidOverTheFile() throws {
        let result = try kamal(
            "service: shop\nimage: shop:1\nservers: [a]\nenv: {LEVEL: info, KEEP: 'yes'}\n",
            over: "env: {LEVEL: debug}\n")
        let spec = try #require(try result.spec("shop"))
        #expect(spec.env == ["LEVEL": "debug", "KEEP": "yes"])
    }

    @Test func codeOfRubyIsNotRunAndSaid() throws {
        let result = try kamal(
            """
            <% require "x" %>
            service: shop
            image: <%= ENV["IMAGE"] ? 'a' : 'b' %>
            servers: [a]
            x-web: &web {proxy: false}
            """)
        #expect(result.has("ruby", at: 1))
        #expect(result.has("ruby", at: 3))
        #expect(result.hasWork)
        #expect(throws: Diagnostic.self) { try kamal("image: x") }
    }

    @Test func aRoleWithoutTheProxyHasNoPortAndARoleWithVariablesIsSaid() throws {
        let result = try kamal(
            """
            service: shop
            image: shop:1
            servers:
              web: {hosts: [a], env: {ROLE: web}}
              jobs: {hosts: [a], cmd: bin/jobs, env: {ROLE: jobs}}
            """)
        let spec = try #require(try result.spec("shop"))
        #expect(spec.processes.map(\.name.rawValue) == ["jobs", "web"])
        #expect(spec.processes.map(\.port) == [nil, 80])
        #expect(spec.env == ["ROLE": "web"])
        #expect(result.has("role_env", at: 5))
    }
}
