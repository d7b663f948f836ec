internal import Commands
internal import Glibc

exit(await runCommand(arguments: Array(CommandLine.arguments.dropFirst())))
