import Importing
import Model
import Testing

/// Whatever the bytes are, there is a result or a finding, and no trap.
@Suite struct HostileInputTests {
    private struct Chance: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private static let files = [
        """
        x-a: &a {image: "x:${T:-1}", environment: {A: "${B:-${C-d}}", P: $$x}, healthcheck: {test: [CMD, x], interval: 1m}}
        services:
          web: {<<: *a, ports: ["80:8080/tcp", {target: 1}], volumes: ["a:/b:ro", "./f:/g", /h], depends_on: {db: {condition: service_started}}}
          db: {image: y, command: 'a "b c" \\d', deploy: {resources: {limits: {cpus: "0.5", memory: 1g}}}, labels: ["traefik.x.rule=Host(`a.b`)"]}
        """,
        """
        service: shop
        image: <%= x %>
        servers: {web: [a, {b: c}], jobs: {hosts: [a], cmd: "x 'y'", options: {memory: 1g}, env: {A: 1}}}
        proxy: {host: a.b, healthcheck: {path: /up, interval: 1.5}, buffering: {max_request_body: 1_000}}
        accessories: {db: {image: m, port: "1:2:3", files: ["a:b"], directories: ["c:/d"], env: {secret: ["A:B"]}}}
        """,
        "web: bin/x $PORT\nrelease: a && b\nclock: A=1 b 'c\n"
    ]

    private func feed(_ text: [UInt8], _ kind: Int) {
        let read: FileReading = { path in
            guard path == "Procfile" || path == ".env" || path == "app.json" else { throw NoFile() }
            return text
        }
        // Either is fine: what matters is that it comes to an end.
        switch kind {
        case 0: _ = try? ComposeImport.read(path: "c", bytes: text, read: read)
        case 1: _ = try? KamalImport.read(path: "k", bytes: text, destination: ("d", text), read: read)
        default: _ = try? ProcfileImport.read(name: "n", image: nil, read: read)
        }
    }

    @Test(arguments: [0, 1, 2]) func cutAndChangedFilesDoNotTrap(kind: Int) {
        var chance = Chance(state: UInt64(kind) + 7)
        let original = Array(Self.files[kind].utf8)
        for length in stride(from: 0, to: original.count, by: 3) {
            feed(Array(original.prefix(length)), kind)
        }
        let signs = Array("{}[]:,&*!|>'\"%@`$#-?<\n\t \\\u{0}é0".utf8)
        for _ in 0..<1_500 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &chance) {
                let place = Int.random(in: 0..<bytes.count, using: &chance)
                switch Int.random(in: 0...2, using: &chance) {
                case 0: bytes[place] = signs[Int.random(in: 0..<signs.count, using: &chance)]
                case 1: bytes.remove(at: place)
                default: bytes.insert(signs[Int.random(in: 0..<signs.count, using: &chance)], at: place)
                }
            }
            feed(bytes, kind)
        }
    }

    @Test func textsAtTheEdgesDoNotTrap() {
        for text in [
            "", "$", "${", "${}", "${A", "$$", "${A:", "${A:-", "${A:-${B}", ":", "::", ":::", "/", "a:",
            ":/a", "-", "0", "-1",
            "99999999999999999999", "1e400", ".", "..", "\u{FEFF}", "é:ü", "a=b", "=", "~", "null"
        ] {
            let quoted = "'\(text)'"
            let lines = [
                "image", "command", "entrypoint", "restart", "stop_grace_period", "env_file", "mem_limit",
                "cpus", "scale",
                "container_name", "network_mode", "extends", "build", "privileged"
            ].map { "    \($0): \(quoted)" }
            let lists = [
                "ports", "expose", "volumes", "environment", "depends_on", "links", "labels", "secrets",
                "configs"
            ].map {
                "    \($0): [\(quoted), {\(quoted): \(quoted)}, [\(quoted)]]"
            }
            feed(Array("services:\n  \(quoted):\n\((lines + lists).joined(separator: "\n"))\n".utf8), 0)
        }
    }
}
