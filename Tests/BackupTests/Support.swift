import Backup
import Execution
import FoundationEssentials
import Glibc
import Model
import Ports
import StateStore
import Testing

/// A directory of its own, removed in the end.
func inDirectory(_ body: (String) async throws -> Void) async throws {
    var template = Array("/tmp/slipway-backup-test-XXXXXX".utf8CString)
    try #require(unsafe mkdtemp(&template) != nil)
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // A directory that stays behind in /tmp fails no test.
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try await body(directory)
}

func put(_ text: String, at path: String) throws {
    let parent = path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: path))
}

func text(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
}

func mode(_ path: String) -> Int {
    var information = stat()
    return unsafe lstat(path, &information) == 0 ? Int(information.st_mode & 0o777) : -1
}

@discardableResult
func shell(_ command: String) throws -> String {
    let output = try Subprocess.run(
        ["/bin/sh", "-c", command], environment: ["PATH": "/usr/bin:/bin"], timeout: .seconds(30))
    try #require(output.exitCode == 0, "\(command): \(String(decoding: output.standardError, as: UTF8.self))")
    return String(decoding: output.standardOutput, as: UTF8.self)
}

/// A state directory and a configuration as a controller has them, with a store that knows `events` events.
func installation(in directory: String, events: Int = 3) async throws -> SQLiteStore {
    let state = directory + "/state"
    try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
    let store = try await SQLiteStore(directory: state)
    let claimed = try await store.claim()
    for number in 1...max(1, events) {
        var batch = StoreBatch()
        batch.epoch = claimed.epoch
        batch.events = [event(Int64(number))]
        try await store.commit(batch)
    }
    try put("pem", at: state + "/certificates/shop.example.com/certificate.pem")
    try put("key", at: state + "/certificates/account.key")
    try put("pack", at: state + "/mirrors/config.git/objects/pack")
    try put("route", at: state + "/edge/state.json")
    try put("token-of-git\n", at: directory + "/etc/keys/git-token")
    try put("elsewhere\n", at: directory + "/outside/slack-url")
    try put(
        """
        state_dir: \(state)
        sources:
          - {name: main, repository: /srv/x.git, credentials: {username: git, token_file: \(directory)/etc/keys/git-token}}
        notices: {channels: [{name: ops, kind: slack, url_file: \(directory)/outside/slack-url}]}
        """, at: directory + "/etc/slipway.yaml")
    return store
}

func event(_ number: Int64) -> EventRecord {
    EventRecord(
        sequence: number, at: WallTime(secondsSince1970: number), kind: .controllerStarted,
        message: "event \(number)")
}

func backUp(
    _ directory: String, to file: String = "backup.tar", overwrites: Bool = false
) throws -> BackupMaker.Report {
    try BackupMaker(stateDirectory: directory + "/state", configuration: directory + "/etc/slipway.yaml")
        .make("\(directory)/\(file)", at: 1_764_000_000, overwrites: overwrites)
}
