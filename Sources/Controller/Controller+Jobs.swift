import Model
import Planning
import Ports
import Secrets

/// Containers of jobs as they are seen, and what they have said.
extension Controller {
    /// The most lines of a job's log that are kept as evidence, each cut at 300 characters.
    private static let jobLogLines = 30

    func noteJob(_ job: ObservedInstance) {
        let app = job.labels.app
        if apps[app]?.unseen[job.id] != nil { apps[app]?.unseen[job.id] = nil }
        let before = apps[app]?.jobs[job.id]
        guard before != job else { return }
        apps[app]?.jobs[job.id] = job
        if job.labels.job?.kind == .run { runDesk.apps.insert(app) }
        if job.state.isLive, before?.state.isLive != true || before?.startStamp != job.startStamp {
            let now = clock.now()
            apps[app]?.jobsSince[job.id] = now
        }
        markDirty(app)
    }

    /// Reads the last lines of jobs that the plan waits for; lines that cannot be read are answered with why.
    func readJobLogs(_ wanted: [ContainerID], _ app: AppName, _ record: inout AppRecord) {
        for id in wanted where record.jobLogs[id] == nil && readingJobLogs.insert(id).inserted {
            jobs.append { await self.readJobLog(id, app) }
        }
    }

    private func readJobLog(_ id: ContainerID, _ app: AppName) async {
        let lines = await lastWords(of: id, app)
        readingJobLogs.remove(id)
        guard apps[app]?.jobs[id] != nil else { return }
        apps[app]?.jobLogs[id] = lines
        markDirty(app)
    }

    private func lastWords(of id: ContainerID, _ app: AppName) async -> [String] {
        let name = apps[app]?.jobs[id]?.name ?? id.short
        do throws(EngineError) {
            let lines = try await engine.logTail(id, lines: Self.jobLogLines)
            let texts = secretTexts(of: app)
            return lines.suffix(Self.jobLogLines).map { line in
                // Before it is cut: the half of a secret would not be known as one.
                "\(name) | \(String(SecretMask.hide(texts, in: line.text).prefix(300)))"
            }
        } catch {
            return ["\(name) | the log could not be read: \(hidingSecrets(error, of: app).message)"]
        }
    }
}
