import Model

/// The command line of the controller.
struct DaemonOptions {
    var configFile: String?
    var showsHelp = false
    var showsVersion = false
    /// Applied over the configuration file, in the order given.
    var changes: [(inout DaemonSettings) -> Void] = []

    static let help = """
        slipwayd — watches git and keeps containers as it says

        USAGE
          slipwayd --repo URL|PATH [options]
          slipwayd --config FILE [options]

        EXAMPLES
          slipwayd --repo https://git.example.com/team/apps.git
          slipwayd --repo /srv/apps.git --branch main --path production --poll 10s
          slipwayd --config /etc/slipway/slipway.yaml

        OPTIONS
          --repo URL|PATH        the repository with the app specs
          --branch NAME          its branch                             (main)
          --path DIR             only specs under this folder           (the whole repository)
          --poll DURATION        mean time between two polls            (30s)
          --config FILE          a configuration file; options win over it
          --state-dir DIR        the controller's memory                (/var/lib/slipway)
          --docker-socket PATH   the engine                             (/var/run/docker.sock)
          --socket PATH          the API's Unix socket                  (/run/slipway/slipway.sock)
          --listen HOST:PORT     the API over TCP as well; needs --token-file
          --token-file FILE      the token for it, at least 20 characters
          --installation NAME    whose containers these are             (slipway)
          --name-prefix TEXT     before every container's name          (empty)
          --log json|human       form of the log                        (human on a terminal, else json)
          --version, --help

        EXIT CODES
          0 stopped by a signal, 1 could not run, 64 the options or the configuration are wrong
        """

    init(_ arguments: [String]) throws(SettingsError) {
        var rest = arguments[...]
        var single = DaemonSettings.Source(name: "main", repository: "")
        single.allowsLocal = true
        var usesSingle = false
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            func value() throws(SettingsError) -> String {
                if parts.count == 2 { return String(parts[1]) }
                guard let next = rest.popFirst() else { throw SettingsError("\(name) needs a value") }
                return next
            }
            switch name {
            case "--help", "-h": showsHelp = true
            case "--version": showsVersion = true
            case "--config": configFile = try value()
            case "--repo":
                single.repository = try value()
                usesSingle = true
            case "--branch": single.branch = try value()
            case "--path": single.path = try value()
            case "--poll":
                let text = try value()
                guard let span = TimeSpan(parsing: text), span >= .milliseconds(100) else {
                    throw SettingsError("--poll \(text): not a duration of at least 100ms, such as 30s")
                }
                single.poll = span
            default:
                try addSetting(name, value)
            }
        }
        if usesSingle { changes.append { [single] settings in settings.sources = [single] } }
        if !usesSingle && configFile == nil && !showsHelp && !showsVersion {
            throw SettingsError(
                "nothing to watch: give --repo URL|PATH or --config FILE; see slipwayd --help")
        }
    }

    private mutating func addSetting(
        _ name: String, _ value: () throws(SettingsError) -> String
    ) throws(SettingsError) {
        let paths: [String: WritableKeyPath<DaemonSettings, String>] = [
            "--state-dir": \.stateDirectory, "--docker-socket": \.engineSocket, "--socket": \.apiSocket,
            "--installation": \.installation, "--name-prefix": \.namePrefix
        ]
        let optionals: [String: WritableKeyPath<DaemonSettings, String?>] = [
            "--listen": \.apiListen, "--token-file": \.tokenFile
        ]
        if let path = paths[name] {
            let text = try value()
            changes.append { $0[keyPath: path] = text }
        } else if let path = optionals[name] {
            let text = try value()
            changes.append { $0[keyPath: path] = text }
        } else if name == "--log" {
            let form = try value()
            guard form == "json" || form == "human" else {
                throw SettingsError("--log \(form): json or human")
            }
            changes.append { $0.usesJSONLog = form == "json" }
        } else {
            throw SettingsError("there is no option \(name); see slipwayd --help")
        }
    }
}
