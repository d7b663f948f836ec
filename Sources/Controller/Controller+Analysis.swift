import Model
import Planning
import Ports

/// The command and HTTP checks of one step of a rollout.
struct AnalysisState {
    var release: ReleaseNumber?
    var step = 0
    var orders: [AnalysisOrder] = []
    var runs: [Int: AnalysisRun] = [:]
    var running: Set<Int> = []
}

extension Controller {
    /// Takes over which checks a plan wants; those of another step begin anew.
    func takeAnalysis(_ orders: [AnalysisOrder], _ app: AppName, _ record: inout AppRecord, now: Instant) {
        guard record.analysis.orders != orders else { return }
        let isSameStep =
            orders.first.map { $0.release == record.analysis.release && $0.step == record.analysis.step }
            ?? false
        if !isSameStep {
            record.analysis = AnalysisState()
            record.analysis.release = orders.first?.release
            record.analysis.step = orders.first?.step ?? 0
        }
        let known = Set(record.analysis.orders)
        record.analysis.orders = orders
        for order in orders where !known.contains(order) {
            timers.add(.analysis(app, order.index), at: now)
        }
        if !orders.isEmpty { ring() }
    }

    /// Runs one check, unless it runs already or nobody wants it any more.
    func analyse(_ app: AppName, _ index: Int, now: Instant) {
        guard var record = apps[app], let order = record.analysis.orders.first(where: { $0.index == index }),
            !record.analysis.running.contains(index), let instance = record.instances[order.container]
        else { return }
        record.analysis.running.insert(index)
        apps[app] = record
        let process = record.process(of: instance)
        let (address, port) = (instance.address, process?.port)
        jobs.append { await self.runAnalysis(app, order, address, port) }
        ring()
    }

    private func ask(_ order: AnalysisOrder, _ address: String?, _ port: Int?) async -> ProbeResult {
        switch order.subject {
        case .instance(let check):
            return await prober.probe(
                ProbeTarget(
                    container: order.container, address: address, port: port, check: check,
                    timeout: .seconds(30)))
        case .query(let query):
            guard let metricSource else {
                return .failed(
                    "no Prometheus is configured: set `analysis.prometheus` in the controller's file")
            }
            return await metricSource.holds(query)
        }
    }

    private func runAnalysis(
        _ app: AppName, _ order: AnalysisOrder, _ address: String?, _ port: Int?
    ) async {
        let result = await ask(order, address, port)
        guard var record = apps[app], record.analysis.release == order.release,
            record.analysis.step == order.step
        else { return }
        record.analysis.running.remove(order.index)
        var run = record.analysis.runs[order.index] ?? AnalysisRun()
        switch result {
        case .passed:
            run.passes += 1
            run.failures = 0
            run.message = ""
        case .failed(let message):
            run.failures += 1
            run.message = hidingSecrets(message, of: app)
        case .unknown(let message):
            // Neither counts: what does not answer is no fault of the release.
            run.message = hidingSecrets(message, of: app)
        }
        record.analysis.runs[order.index] = run
        apps[app] = record
        timers.add(.analysis(app, order.index), at: clock.now() + order.every)
        markDirty(app)
    }
}
