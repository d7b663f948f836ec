import Importing
import Model
import Testing

@Suite struct ProcfileTests {
    @Test func processesAndTheReleaseCommandAreTakenOver() throws {
        let result = try procfile([
            "Procfile":
                "# a shop\nrelease: bin/migrate --all\nweb: bin/serve -p $PORT\nclock_1: A=1 bin/clock | tee log\nworker: bin/work \"two words\"\n",
            ".env": "LEVEL=info\nSECRET_KEY_BASE=sentinel\n"
        ])
        let text = result.text("my-shop")
        #expect(text.contains("command: [bin/migrate, --all]"), "\(text)")
        #expect(text.contains("exec bin/serve -p $PORT"))
        #expect(text.contains("port: 8080"))
        #expect(text.contains("command: [sh, -c, A=1 bin/clock | tee log]"), "\(text)")
        #expect(text.contains("command: [bin/work, two words]"))
        #expect(text.contains("secrets: [SECRET_KEY_BASE]"))
        #expect(!"\(result)".contains("sentinel"))
        #expect(result.has("renamed", at: 4))
        // The values of secrets are not written down, so their file is still to be made.
        #expect(
            result.loaderFindings.map { "\($0.code) \($0.keyPath)" }
                == ["unreadable_file secrets"], "\(result.loaderFindings)")
    }

    @Test func aPlainProcfileLoadsWithoutAFinding() throws {
        let result = try procfile(["Procfile": "web: bin/serve\nworker: bin/work\n"])
        #expect(!result.hasWork, "\(result.findings)")
        #expect(result.loaderFindings.isEmpty)
        let spec = try #require(try result.spec("my-shop"))
        #expect(spec.processes.map(\.command) == [["bin/serve"], ["bin/work"]])
        #expect(spec.processes.map(\.replicas) == [nil, 0])
    }

    @Test func theManifestIsRead() throws {
        let result = try procfile([
            "Procfile": "web: bin/serve\nworker: bin/work\n",
            "app.json": """
            {
            \t"name": "Shop",
            \t"env": {"LEVEL": "info", "NEEDED": {"required": true}, "COOKIE": {"generator": "secret"}},
            \t"formation": {"worker": {"quantity": 2, "size": "standard-1x"}},
            \t"addons": ["heroku-postgresql"],
            \t"scripts": {"postdeploy": "bin/seed"},
            \t"cron": [{"command": "bin/report --all", "schedule": "0 5 * * *"}],
            \t"healthchecks": {"web": [{"type": "startup", "path": "/health", "timeout": 5, "content": "ok"}]}
            }
            """
        ])
        let text = result.text("my-shop")
        #expect(text.contains("LEVEL: info"))
        #expect(text.contains("replicas: 2"))
        #expect(text.contains("secrets: [COOKIE]"))
        #expect(text.contains("schedule: 0 5 * * *"), "\(text)")
        #expect(text.contains("path: /health"))
        #expect(result.has("variable_without_value", at: 3))
        #expect(result.has("no_counterpart", at: 5))
        #expect(result.has("script", at: 6))
    }

    @Test func aMissingImageAndBadLinesAreSaid() throws {
        let result = try procfile(["Procfile": "web: bin/serve\nnonsense\nempty:\n"], image: nil)
        #expect(result.has("no_image"))
        #expect(result.has("bad_line", at: 2))
        #expect(result.has("no_command", at: 3))
        #expect(throws: Diagnostic.self) { try procfile([:]) }
        #expect(throws: Diagnostic.self) { try procfile(["Procfile": "web: x", "app.json": "{"]) }
    }
}
