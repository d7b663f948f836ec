import Model
import SpecLoading

/// Specs as people write them, by number.
enum SampleSpecs {
    static let project = "bench"

    static func name(_ number: Int) -> String { "app-\(number)" }

    static func files(_ count: Int, image: String) -> [String: String] {
        var files: [String: String] = [:]
        files.reserveCapacity(count)
        for number in 0..<count { files["apps/\(name(number)).yaml"] = worker(number, image: image) }
        return files
    }

    /// One process that is not probed, with a few settings, as a small real app has.
    static func worker(_ number: Int, image: String) -> String {
        """
        name: \(name(number))
        project: \(project)
        image: \(image)
        env:
          LOG_LEVEL: info
          DATABASE_HOST: database
          NUMBER: "\(number)"
        processes:
          worker:
            command: [serve, --worker]
            resources:
              cpus: "0.5"
              memory: 64M
        deploy:
          min_healthy_time: 0s
        """
    }

    /// A web process that is probed over HTTP.
    static func web(_ name: String, image: String, replicas: Int, surge: Int) -> String {
        """
        name: \(name)
        project: \(project)
        image: \(image)
        processes:
          web:
            port: 8080
            replicas: \(replicas)
            stop_grace_period: 5s
            healthcheck:
              path: /health
              interval: 10s
              start_interval: \(startInterval)
        deploy:
          max_surge: \(surge)
          max_unavailable: 0
          min_healthy_time: 0s
        """
    }
    static let startInterval = TimeSpan.milliseconds(100)

    static func load(_ text: String, path: String) throws(BenchError) -> LoadedSpec {
        guard let project = ProjectName(project) else {
            throw BenchError("\(project) is not a project's name")
        }
        let file = SpecLoader(project: project).load(path: path, bytes: Array(text.utf8)) { path in
            throw BenchError("\(path) is not there")
        }
        guard let spec = file.specs.first else {
            throw BenchError("\(path) is not a good spec: \(file.diagnostics.map(\.message))")
        }
        return spec
    }
}
