internal import Execution

/// A program that runs until the end of `body`, and is ended then with its children.
public func withProgram<Success>(
    _ arguments: [String], whenReady: () async throws -> Void, _ body: () async throws -> Success
) async throws -> Success {
    let isDone = Shared(false)
    let hasEnded = Shared(false)
    Thread.start(name: "program") {
        // How it ended shows in what it did not answer.
        _ = try? Subprocess.run(
            arguments, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], timeout: .seconds(300),
            isCancelled: { isDone.value })
        hasEnded.value = true
    }
    let result: Result<Success, any Error>
    do {
        try await whenReady()
        result = .success(try await body())
    } catch {
        result = .failure(error)
    }
    isDone.value = true
    while !hasEnded.value { try? await Task.sleep(for: .milliseconds(5)) }
    return try result.get()
}
