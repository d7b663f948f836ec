@testable import Commands
import Testing

@Suite struct ArgumentParserTests {
    @Test func wordsOptionsAndTheirForms() throws {
        let invocation = try ArgumentParser.parse([
            "--socket=/run/x", "logs", "-f", "shop", "--tail", "5", "-ojson"
        ])
        #expect(invocation.command.name == "logs")
        #expect(invocation.arguments == ["APP": "shop"])
        #expect(invocation.options == ["socket": "/run/x", "follow": "", "tail": "5", "output": "json"])
    }

    @Test func afterTwoDashesNothingIsAnOption() throws {
        #expect(throws: UsageError.self) { try ArgumentParser.parse(["why", "--", "-f", "x"]) }
        #expect(try ArgumentParser.parse(["why", "--", "-f"]).arguments == ["APP": "-f"])
    }

    @Test(arguments: [
        ["exec", "shop/web", "-it", "--", "ls", "-l", "--", "-x"],
        ["exec", "shop/web", "-it", "ls", "-l", "--", "-x"],
        ["exec", "-i", "shop/web", "--tty", "ls", "-l", "--", "-x"]
    ]) func theWordsOfAnotherProgramAreItsOwn(_ words: [String]) throws {
        let invocation = try ArgumentParser.parse(words)
        #expect(invocation.arguments == ["APP[/PROCESS]": "shop/web"])
        #expect(invocation.options == ["stdin": "", "tty": ""])
        #expect(invocation.rest == ["ls", "-l", "--", "-x"])
        #expect(try ArgumentParser.parse(["exec", "shop", "--", "a", ""]).rest == ["a", ""])
    }

    @Test func helpOfACommandIsHelp() throws {
        let invocation = try ArgumentParser.parse(["plan", "--help"])
        #expect(invocation.command.name == "help")
        #expect(invocation.arguments == ["COMMAND": "plan"])
        #expect(try ArgumentParser.parse([]).command.name == "help")
        #expect(try ArgumentParser.parse(["-h"]).command.name == "help")
        #expect(try ArgumentParser.parse(["why", "-h"]).arguments == ["COMMAND": "why"])
    }

    @Test(arguments: [
        (["statsu"], "did you mean 'status'?"), (["status", "--wtach"], "did you mean '--watch'?"),
        (["status", "-o", "jsn"], "did you mean 'json'?"), (["roll"], "did you mean 'rollback'?"),
        (["why"], "APP is missing"), (["why", ""], "APP is missing"),
        (["why", "a", "b"], "one argument too many"), (["exec", "shop"], "COMMAND… is missing"),
        (["exec", "shop", "--"], "COMMAND… is missing"), (["exec", "shop", "-x", "a"], "unknown option '-x'"),
        (["logs", "shop", "--tail"], "needs a value"), (["logs", "shop", "--follow=yes"], "takes no value"),
        (["status", "-x"], "unknown option '-x'"), (["zzzzzzzz"], "unknown command 'zzzzzzzz'"),
        (["--socket", "x"], "no command")
    ]) func mistakes(_ words: [String], _ says: String) {
        let error = #expect(throws: UsageError.self) { try ArgumentParser.parse(words) }
        #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
    }

    @Test func distances() {
        #expect(Suggestion.distance(Array("status"), Array("status")) == 0)
        #expect(Suggestion.distance(Array("statsu"), Array("status")) == 1)
        #expect(Suggestion.distance([], Array("abc")) == 3)
        #expect(Suggestion.distance(Array("abc"), []) == 3)
        #expect(Suggestion.nearest(to: "", in: ["a"]) == nil)
        #expect(Suggestion.nearest(to: "x", in: []) == nil)
    }

    @Test func theTableIsSound() {
        for command in CommandTable.commands {
            #expect(!command.examples.isEmpty, "\(command.name)")
            #expect(
                command.examples.allSatisfy { $0.line.hasPrefix("slipway \(command.name)") },
                "\(command.name)")
            let options = command.options + CommandTable.globalOptions
            #expect(Set(options.map(\.long)).count == options.count, "\(command.name)")
            #expect(
                Set(options.compactMap(\.short)).count == options.compactMap(\.short).count, "\(command.name)"
            )
            let optional = command.arguments.drop { !$0.isOptional }
            #expect(!optional.contains { !$0.isOptional }, "\(command.name)")
        }
        #expect(Set(CommandTable.commands.map(\.name)).count == CommandTable.commands.count)
    }

    /// Examples are command lines that fit the table, without what the shell takes from them.
    @Test func examplesParse() throws {
        for example in CommandTable.commands.flatMap(\.examples) {
            let words = example.line.split(separator: " ").dropFirst().prefix { $0 != ">" && $0 != "<" }.map(
                String.init)
            #expect(throws: Never.self, "\(example.line)") { try ArgumentParser.parse(words) }
        }
    }

    @Test func reference() throws {
        try Golden.check(CommandReference.markdown(), path: Golden.repository + "/docs/cli.md")
    }

    @Test(arguments: CompletionScript.shells) func completion(_ shell: String) throws {
        let script = try #require(CompletionScript.script(for: shell))
        for command in CommandTable.commands {
            #expect(script.contains(command.name))
            for option in command.options {
                #expect(script.contains(option.long), "\(command.name) \(option.long)")
            }
        }
        try Golden.check(script, "completion.\(shell)")
    }
}
