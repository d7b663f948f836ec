internal import Commands
internal import Glibc

Determinism.settle(for: CommandLine.arguments)
exit(await runCommand(arguments: Array(CommandLine.arguments.dropFirst())))
