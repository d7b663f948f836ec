internal import Ports

/// How far the edge has got with one file.
struct Delivery: Sendable {
    /// What it has taken; `nil`: nothing yet.
    var taken: LiveFiles.File?
    /// Refusals in a row.
    var failures = 0
    /// Seconds since 1970.
    var nextAttempt: Int64 = 0
    /// Why it has not taken what there is now.
    var problem: String?
}

extension CertificateKeeper {
    private static let longestPause: Int64 = 60

    func hasDeliveries(now: Int64) -> Bool { filesInUse().contains { isDue($0, now: now) } }

    private func isDue(_ file: LiveFiles.File, now: Int64) -> Bool {
        guard let delivery = deliveries[file.path] else { return true }
        return delivery.taken != file
            && (delivery.nextAttempt <= now || delivery.nextAttempt > now + Self.longestPause)
    }

    /// Gives the edge every file that it has not taken as it is now.
    func deliver(by install: @Sendable (CertificateFile) async throws(EdgeError) -> Void) async {
        let files = filesInUse()
        let paths = Set(files.map(\.path))
        // One that comes back into use is new again.
        deliveries = deliveries.filter { paths.contains($0.key) }
        for file in files where isDue(file, now: now) {
            guard !Task.isCancelled else { break }
            var delivery = deliveries[file.path] ?? Delivery()
            do throws(EdgeError) {
                try await install(CertificateFile(path: file.path, hosts: file.hosts))
                delivery = Delivery(taken: file)
            } catch {
                if delivery.problem != error.message {
                    log("certificates: the edge does not take \(file.path): \(error.message)")
                }
                delivery.failures = min(delivery.failures + 1, 1_000)
                delivery.nextAttempt =
                    now + min(Int64(1) << min(delivery.failures - 1, 10), Self.longestPause)
                delivery.problem = error.message
            }
            deliveries[file.path] = delivery
        }
        isDelivering = false
        wake()
    }
}
