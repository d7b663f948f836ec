import FoundationEssentials
import TestServers

/// Where the parts of a world with two projects listen.
struct ProjectPlace: Sendable {
    var edge: EdgePlace
    var api: Int
    /// Address and port for internal names; `nil`: there are none.
    var inside: String?

    init() throws {
        edge = try EdgePlace()
        api = try closedPort()
    }

    /// Options of a world that is started with `write`.
    var options: World.Options { World.Options(edge: edge, source: ["write: false"]) }

    static let rules = [
        "{name: retail, domains: [\"*.retail.test\", \"*.shared.test\"], quota: {replicas: 6}}",
        "{name: press, domains: [\"*.press.test\", \"*.shared.test\"], quota: {replicas: 2, apps: 4}}"
    ]

    /// Writes the whole configuration file, and gives the options that name it.
    func write(
        _ world: World, projects: [String] = Self.rules, more: [String] = []
    ) throws -> [String] {
        let file = world.directory + "/projects.yaml"
        var lines = ["edge:", "  http: [\"\(edge.address)\"]"]
        if let inside { lines.append("  internal: {address: \"\(inside)\"}") }
        lines.append("api: {listen: \"127.0.0.1:\(api)\"}")
        if !projects.isEmpty { lines += ["projects:"] + projects.map { "  - " + $0 } }
        lines.append("sources:")
        for name in ["retail", "press"] {
            lines.append(
                "  - {name: \(name), repository: \(world.repository.bare), branch: main, path: \(name), project: \(name),"
                    + " poll: 1s}")
        }
        lines += more
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
        return ["--config", file]
    }

    /// An app with all that others might want to reach.
    static var shop: SpecText {
        SpecText(
            image: "web:1", env: ["VERSION": "of-retail"],
            web: ["edge: {internal: true}", "domains: [shop.shared.test]", "volumes: [\"data:/data\"]"],
            top: ["volumes: {data: {}}"], deploy: ["strategy: recreate", "timeout: 30s"], startPeriod: "15s",
            checkTimeout: "5s")
    }
}
