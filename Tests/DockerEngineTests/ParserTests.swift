@testable import DockerEngine
import Execution
import FoundationEssentials
import Model
import Ports
import Testing

@Suite struct ParserTests {
    // MARK: References

    static let references: [(String, String, String?, String)] = [
        ("shop", "shop", nil, "shop:latest"), ("shop:1.4", "shop", nil, "shop:1.4"),
        ("team/shop:1", "team/shop", nil, "team/shop:1"),
        (
            "registry.example.com/shop:1", "registry.example.com/shop", "registry.example.com",
            "registry.example.com/shop:1"
        ),
        ("localhost/shop", "localhost/shop", "localhost", "localhost/shop:latest"),
        ("127.0.0.1:5000/a/b:x", "127.0.0.1:5000/a/b", "127.0.0.1:5000", "127.0.0.1:5000/a/b:x"),
        ("[::1]:5000/a", "[::1]:5000/a", "[::1]:5000", "[::1]:5000/a:latest")
    ]
    @Test(arguments: references)
    func `references are taken apart`(text: String, name: String, host: String?, lookup: String) throws {
        let reference = try #require(ImageReference(text))
        #expect(reference.name == name)
        #expect(reference.host == host)
        #expect(reference.lookup == lookup)
    }

    @Test func `a digest wins over a tag`() throws {
        let digest = "sha256:" + String(repeating: "a", count: 64)
        let reference = try #require(ImageReference("r.test/shop:1@\(digest)"))
        #expect(reference.lookup == "r.test/shop@\(digest)")
        #expect(ImageReference("shop@sha256:abc") == nil)
        #expect(ImageReference(String(repeating: "a", count: 64)) == nil)
    }

    // MARK: The words of registries

    static let refusals: [(String, Int?, EngineError.Code)] = [
        ("no basic auth credentials", 500, .unauthorized),
        ("Get https://r.test/v2/: unauthorized: authentication required", 500, .unauthorized),
        (
            "pull access denied for x, repository does not exist or may require 'docker login'", 404,
            .unauthorized
        ),
        ("manifest for r.test/tls-timeout:9 not found: manifest unknown: manifest unknown", 404, .notFound),
        ("manifest unknown", nil, .notFound),
        ("name unknown: repository name not known to registry", nil, .notFound),
        ("toomanyrequests: You have reached your pull rate limit", 429, .rateLimited),
        ("received unexpected HTTP status: 429 Too Many Requests", 500, .rateLimited),
        ("received unexpected HTTP status: 503 Service Unavailable", 500, .registryUnavailable),
        (
            "Get http://127.0.0.1:1/v2/: dial tcp 127.0.0.1:1: connect: connection refused", 500,
            .registryUnavailable
        ),
        ("Get https://r.test/v2/: dial tcp: lookup r.test: no such host", 500, .registryUnavailable),
        (
            "net/http: request canceled (Client.Timeout exceeded while awaiting headers)", 500,
            .registryUnavailable
        ),
        ("x509: certificate signed by unknown authority", 500, .registryUnavailable),
        ("http: server gave HTTP response to HTTPS client", 500, .registryUnavailable),
        ("write /var/lib/docker/tmp/x: no space left on device", nil, .diskFull),
        ("no matching manifest for linux/arm64 in the manifest list entries", nil, .invalid),
        ("something new", nil, .registryUnavailable), ("", 500, .registryUnavailable), ("", 404, .notFound)
    ]
    @Test(arguments: refusals)
    func `a registry's words become a code`(text: String, status: Int?, code: EngineError.Code) {
        #expect(EngineMessage.registryError(text, status: status, call: "").code == code)
    }

    static let failedStarts: [(EngineError.Code, String, EngineError.Code)] = [
        (.invalid, "exec: \"/x\": stat /x: no such file or directory: unknown", .startFailed),
        (.notFound, "exec: \"x\": executable file not found in $PATH: unknown", .startFailed),
        (
            .internal, "driver failed programming external connectivity: port is already allocated",
            .startFailed
        ),
        (.notFound, "No such container: abc", .notFound),
        (.notFound, "network abc not found", .internal),
        (.internal, "OCI runtime create failed: cannot allocate memory", .internal),
        (.diskFull, "no space left on device", .diskFull), (.unreachable, "exec:", .unreachable)
    ]
    @Test(arguments: failedStarts)
    func `a failed start is the release's or the host's`(
        code: EngineError.Code, text: String, expected: EngineError.Code
    ) {
        #expect(EngineMessage.startError(EngineError(code, text, call: "")).code == expected)
    }

    @Test func `an engine's sentence is one line of limited length`() {
        let text = EngineMessage.text(
            of: Array("{\"message\":\"a\\nb\\u0007\(String(repeating: "é", count: 5_000))\"}".utf8))
        #expect(text.hasPrefix("a b é"))
        #expect(text.utf8.count <= 710)
        #expect(!text.contains("\n"))
        #expect(EngineMessage.text(of: Array("plain text\n".utf8)) == "plain text")
        #expect(EngineMessage.text(of: [0xff, 0xfe]).isEmpty == false)
    }

    // MARK: Streams

    @Test func `framed output, cut at every byte`() throws {
        let frames: [UInt8] =
            [1, 0, 0, 0, 0, 0, 0, 4] + "one\n".utf8 + [2, 0, 0, 0, 0, 0, 0, 4] + "two\n".utf8
            + [1, 0, 0, 0, 0, 0, 0, 0] + [1, 0, 0, 0, 0, 0, 0, 5] + "three".utf8
        for cut in 0...frames.count {
            var parser = LogParser(isFramed: true)
            var lines = try parser.add(Array(frames[..<cut]))
            lines += try parser.add(Array(frames[cut...]))
            lines += parser.finish()
            #expect(
                lines == [
                    EngineLogLine(isError: false, text: "one"), EngineLogLine(isError: true, text: "two"),
                    EngineLogLine(isError: false, text: "three")
                ])
        }
    }

    @Test func `a frame that makes no sense is an error, a huge one costs nothing`() throws {
        var frames = LogDemultiplexer()
        #expect(throws: LogDemultiplexer.Malformed.self) { try frames.add(Array("plain text".utf8)) }
        var huge = LogDemultiplexer()
        #expect(try huge.add([1, 0, 0, 0, 255, 255, 255, 255, 65]).count == 1)
    }

    @Test func `lines are cut, and limited`() throws {
        var lines = LineSplitter(limitInBytes: 4)
        #expect(try lines.add(Array("ab\r\ncd".utf8)) == [Array("ab".utf8)])
        #expect(try lines.add(Array("ef\n\n\nx".utf8)) == [Array("cdef".utf8)])
        #expect(lines.rest() == Array("x".utf8))
        #expect(throws: LineSplitter.TooLong.self) { try lines.add(Array("12345".utf8)) }
        var long = LineSplitter(limitInBytes: 4)
        #expect(throws: LineSplitter.TooLong.self) { try long.add(Array("12345\n".utf8)) }
    }

    @Test func `archives are what tar reads`() throws {
        var archive = TarWriter()
        let long = String(repeating: "folder/", count: 30) + "file"
        archive.add(path: "a", content: Array("one".utf8), mode: 0o444)
        archive.add(path: long, content: Array(repeating: 66, count: 512), mode: 0o755)
        archive.add(path: "empty", content: [], mode: 0o600)
        let listing = try Subprocess.run(
            ["/bin/tar", "-tv", "--numeric-owner"], environment: ["TZ": "UTC"], input: archive.finished(),
            timeout: .seconds(10))
        #expect(listing.exitCode == 0, "\(String(decoding: listing.standardError, as: UTF8.self))")
        let lines = String(decoding: listing.standardOutput, as: UTF8.self).split(separator: "\n")
        let words = lines.map { $0.split(separator: " ").map(String.init) }
        #expect(words.map { $0.first } == ["-r--r--r--", "-rwxr-xr-x", "-rw-------"])
        #expect(words.map { $0[2] } == ["3", "512", "0"])
        #expect(words.map { $0.last } == ["a", long, "empty"])
    }

    // MARK: Small things

    @Test func `versions`() {
        #expect(APIVersion("1.41") == APIVersion(1, 41))
        #expect(APIVersion(1, 9) < APIVersion(1, 41))
        for text in ["", "1", "1.", ".1", "1.2.3", "a.b", "-1.2", "1.99999"] {
            #expect(APIVersion(text) == nil)
        }
    }

    @Test func `limits set in the older way count`() throws {
        func effective(_ host: String) throws -> EffectiveSettings {
            let container = try JSONDecoder().decode(
                Wire.Container.self, from: Data(#"{"HostConfig":\#(host)}"#.utf8))
            return DockerEngine.effective(container)
        }
        #expect(try effective(#"{"CpuQuota":50000,"CpuPeriod":100000}"#).nanoCPUs == 500_000_000)
        #expect(try effective(#"{"CpuQuota":50000}"#).nanoCPUs == 500_000_000)
        #expect(try effective(#"{"CpuQuota":-1,"CpuPeriod":0}"#).nanoCPUs == nil)
        #expect(try effective(#"{"CpuQuota":9223372036854775807,"CpuPeriod":1}"#).nanoCPUs == nil)
        #expect(try effective(#"{"Memory":-1,"NanoCpus":0}"#).memoryInBytes == nil)
        #expect(try effective(#"{"RestartPolicy":{"Name":""}}"#).restart == .never)
        #expect(try effective(#"{"RestartPolicy":{"Name":"unless-stopped"}}"#).restart == .unlessStopped)
    }

    @Test func `credentials are never printed`() {
        let credential = RegistryCredential(user: "user", secret: "sentinel")
        let configuration = DockerConfiguration(
            installation: InstallationName("test") ?? { preconditionFailure("a valid name") }(),
            credentials: ["r.test": credential])
        var text = ""
        dump(credential.description, to: &text)
        #expect(!text.contains("sentinel"))
        #expect(!"\(credential) \(configuration)".contains("sentinel"))
        #expect(!String(reflecting: configuration).contains("sentinel"))
    }
}
