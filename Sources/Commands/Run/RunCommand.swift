internal import Model

/// Runs one command line and returns the exit code; see `docs/cli.md` for both.
///
/// - Parameter arguments: without the program's name.
public func runCommand(arguments: [String], console: Console = .process()) async -> Int32 {
    let plain = TextStyle(isUnicode: true, hasColour: false, width: nil)
    do {
        return try await CommandRun(invocation: try ArgumentParser.parse(arguments), console: console)
            .perform()
    } catch let error as UsageError {
        let help = error.command.map { "slipway help \($0)" } ?? "slipway help"
        console.complain(
            plain.clean("slipway: \(error.message)") + "\n" + "'\(help)' explains how it is meant.\n")
        return ExitCode.usage
    } catch let error as ControlClient.Failure {
        console.complain(plain.clean("slipway: \(error.message)") + "\n")
        return error.exitCode
    } catch let error as LocalFailure {
        console.complain(plain.clean("slipway: \(error.message)") + "\n")
        return ExitCode.failed
    } catch is CancellationError {
        return ExitCode.interrupted
    } catch {
        console.complain(plain.clean("slipway: \(error)") + "\n")
        return ExitCode.failed
    }
}

enum ExitCode {
    static let inProgress: Int32 = 1
    static let failed: Int32 = 1
    static let held: Int32 = 3
    static let usage: Int32 = 64
    static let interrupted: Int32 = 130
}

/// What went wrong on this side: a file that cannot be read, a release that makes no sense.
struct LocalFailure: Error, Sendable, Hashable {
    var message: String
    init(_ message: String) { self.message = message }
}
