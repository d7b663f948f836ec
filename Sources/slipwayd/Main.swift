import Execution
import Glibc
import Model
import Ports
import Telemetry

/// `slipwayd`: reads its settings, then runs the daemon.
@main
struct Main {
    /// Not async: an async `main` parks the main thread in libdispatch's `sigsuspend` with every signal open, where
    /// SIGTERM would end the process at once, whatever the other threads have blocked.
    static func main() {
        // Before any thread is started, so that all of them leave these signals to the stream.
        let signals = Signals.stream([Signals.terminate, Signals.interrupt])
        Signals.ignoreBrokenPipes()
        // Lives as long as the process, which ends inside it.
        let life = Task { @concurrent in exit(await run(signals)) }
        while !life.isCancelled { pause() }
    }

    private static func run(_ signals: AsyncStream<Int32>) async -> Int32 {
        var settings = DaemonSettings()
        do throws(SettingsError) {
            let options = try DaemonOptions(Array(CommandLine.arguments.dropFirst()))
            if options.showsHelp {
                print(DaemonOptions.help)
                return 0
            }
            if options.showsVersion {
                print("slipwayd \(Build.version)")
                return 0
            }
            if let path = options.configFile {
                try ConfigurationFile.read(path: path, bytes: try Files.read(path), into: &settings)
            }
            for change in options.changes { change(&settings) }
        } catch {
            complain(error.description)
            return 64
        }
        let logger = logger(settings)
        do {
            try await Daemon(settings: settings, logger: logger).run(stoppingOn: signals)
            return 0
        } catch let error as SettingsError {
            complain(error.description)
            return 64
        } catch {
            complain("\(error)")
            return 1
        }
    }

    private static func complain(_ text: String) { Files.write("slipwayd: \(text)\n") }

    private static func logger(_ settings: DaemonSettings) -> Logger {
        let isTerminal = isatty(2) == 1
        let write: @Sendable (String) -> Void = { Files.write($0) }
        let usesJSON = settings.usesJSONLog ?? !isTerminal
        let handler: any LogHandler =
            usesJSON ? JSONLogHandler(write: write) : HumanLogHandler(usesColor: isTerminal, write: write)
        return Logger(level: .notice, handlers: [handler], clock: { BootClock.wallSeconds() })
    }
}
