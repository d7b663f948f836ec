/// The command line.
struct Options: Sendable {
    enum Command: Sendable, Equatable {
        case help
        case list
        /// Names of measures; none: all.
        case run([String])
        /// A measure's own process, started by it.
        case child([String])
    }
    var command = Command.help
    var isJSON = false
    var engineSocket = "/var/run/docker.sock"

    static let help = """
        slipway-bench — measures Slipway against what it stands on

        USAGE
          slipway-bench list
          slipway-bench run [NAME…] [-o json|text] [--docker-socket PATH]

        `run` without names runs all. Progress goes to standard error. `slipwayd` and `slipway-fetch` have to be beside
        this program. What needs a Docker Engine is left out where none answers.

        EXIT CODES
          0 measured, 1 a measure failed or one asked for by name needs an engine that is not there, 64 wrong options
        """

    init(_ arguments: [String]) throws(BenchError) {
        guard let first = arguments.first else { return }
        var rest = arguments.dropFirst()
        if first == "child" {
            command = .child(Array(rest))
            return
        }
        var names: [String] = []
        while let argument = rest.popFirst() {
            switch argument {
            case "-o", "--output":
                guard let form = rest.popFirst(), form == "json" || form == "text" else {
                    throw BenchError("\(argument) needs json or text")
                }
                isJSON = form == "json"
            case "--docker-socket":
                guard let path = rest.popFirst() else { throw BenchError("--docker-socket needs a path") }
                engineSocket = path
            case "-h", "--help":
                return
            default:
                guard !argument.hasPrefix("-") else { throw BenchError("there is no option \(argument)") }
                guard MeasureTable.measure(named: argument) != nil else {
                    throw BenchError("there is no measure \(argument); slipway-bench list names them")
                }
                names.append(argument)
            }
        }
        switch first {
        case "list": command = .list
        case "run": command = .run(names)
        case "-h", "--help", "help": command = .help
        default: throw BenchError("there is no command \(first); see slipway-bench --help")
        }
    }
}
