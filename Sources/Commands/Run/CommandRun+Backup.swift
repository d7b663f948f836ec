internal import Backup
internal import Execution
internal import Model

extension CommandRun {
    func backup() throws -> Int32 {
        let files = Files(console)
        let configuration = try configurationFile(files)
        var state = invocation.options["state-dir"].map(files.path)
        if state == nil, let configuration { state = try BackupMaker.stateDirectory(in: configuration) }
        let maker = BackupMaker(
            stateDirectory: state ?? Defaults.stateDirectory, configuration: configuration)
        let report = try asLocal {
            try maker.make(
                files.path(invocation.arguments["FILE"] ?? ""), at: BootClock.wallSeconds(),
                overwrites: invocation.has("force"))
        }
        try show(report) { report in
            [
                Line(
                    "● \(report.file): \(Phrases.count(report.files, "file")), \(report.sizeInBytes >> 10) KiB",
                    .good)
            ]
                + report.warnings.map { Line("  ◌ \($0)", .held) }
        }
        return 0
    }

    func restore() throws -> Int32 {
        let files = Files(console)
        let reader = BackupReader(files.path(invocation.arguments["FILE"] ?? ""))
        let folder = invocation.options["config-dir"].map(files.path) ?? Defaults.configurationDirectory
        let isCheck = invocation.has("check")
        let report = try asLocal {
            try reader.restore(
                stateDirectory: invocation.options["state-dir"].map(files.path) ?? reader.stateDirectory()
                    ?? Defaults.stateDirectory,
                configurationDirectory: invocation.has("state-only") ? nil : folder,
                overwrites: invocation.has("force"), checksOnly: isCheck)
        }
        try show(report) { report in
            let when = Phrases.since(Phrases.age(from: WallTime(secondsSince1970: report.madeAt), to: now))
            let what = isCheck ? "the backup is whole" : "restored"
            var lines = [Line("● \(what): made \(when) ago by Slipway \(report.writtenBy)", .good)]
            lines += report.written.map { Line("  \(isCheck ? "would be written" : "written"): \($0)") }
            if let aside = report.setAside {
                lines.append(Line("  the store that was there is now \(aside)"))
            }
            if !isCheck { lines.append(Line("  start the controller: it catches up with what runs", .faint)) }
            return lines
        }
        return 0
    }

    private var now: WallTime { WallTime(secondsSince1970: BootClock.wallSeconds()) }

    /// `nil`: none was named, and there is none at the usual place.
    private func configurationFile(_ files: Files) throws -> String? {
        if let named = invocation.options["config"] { return files.path(named) }
        return files.exists(Defaults.configuration) ? Defaults.configuration : nil
    }

    private func asLocal<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as BackupError {
            throw LocalFailure(error.message)
        } catch {
            throw LocalFailure("\(error)")
        }
    }
}
