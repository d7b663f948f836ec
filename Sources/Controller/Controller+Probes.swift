import Model
import Planning
import Ports

extension Controller {
    /// Asks one instance, if it still runs and nobody is asking it.
    func probe(_ app: AppName, _ id: ContainerID, now: Instant) {
        guard let record = apps[app], let instance = record.instances[id], instance.state == .running,
            let health = record.health[id], !probing.contains(id)
        else { return }
        // Neither git nor the store may have said yet what it is: asked as soon as one of them does.
        guard let process = record.process(of: instance) else { return }
        let policy = ProbePolicy(process)
        guard health.nextProbeAt <= now || health.askedWith != policy.question else {
            timers.add(.probe(app, id), at: health.nextProbeAt)
            return
        }
        guard let check = policy.check else {
            // Nothing to ask: it runs, and that is all there is to know. The engine tells when it stops.
            if apps[app]?.health[id]?.probed(true, message: "", policy: policy, now: now) == true {
                markDirty(app)
            }
            return
        }
        probing.insert(id)
        let target = ProbeTarget(
            container: id, address: instance.address, port: process.port, check: check,
            timeout: policy.timeout)
        let stamp = instance.startStamp
        jobs.append { await self.runProbe(app, target, policy, stamp: stamp) }
    }

    /// Whether instances may be asked something else than before.
    func asksAnew(_ before: AppMemory, _ after: AppMemory) -> Bool {
        before.lastGood?.specDigest != after.lastGood?.specDigest
            || before.rollout?.target.specDigest != after.rollout?.target.specDigest
            || before.rollout?.phase != after.rollout?.phase
    }

    /// Has each running instance looked at now; those that are asked what they were asked before wait for their time.
    func rearmProbes(_ app: AppName, _ record: AppRecord, now: Instant) {
        for instance in record.instances.values where instance.state == .running {
            timers.add(.probe(app, instance.id), at: now)
        }
        ring()
    }

    private func runProbe(_ app: AppName, _ target: ProbeTarget, _ policy: ProbePolicy, stamp: String) async {
        let result = await prober.probe(target)
        let id = target.container
        probing.remove(id)
        let passed: Bool?
        let message: String
        switch result {
        case .passed: (passed, message) = (true, "")
        case .failed(let text): (passed, message) = (false, hidingSecrets(text, of: app))
        case .unknown(let text):
            (passed, message) = (isPlanted(.unknownProbePasses) ? true : nil, hidingSecrets(text, of: app))
        }
        if passed == true { figures.probesPassed += 1 }
        if passed == false { figures.probesFailed += 1 }
        let now = clock.now()
        guard let instance = apps[app]?.instances[id], instance.state == .running else { return }
        guard instance.startStamp == stamp else {
            // The answer is of an earlier start.
            timers.add(.probe(app, id), at: now)
            ring()
            return
        }
        let before = apps[app]?.health[id]?.readiness
        let hasChanged =
            apps[app]?.health[id]?.probed(passed, message: message, policy: policy, now: now) ?? false
        if let health = apps[app]?.health[id] {
            timers.add(.probe(app, id), at: health.nextProbeAt)
            if before == .ready, health.readiness == .unhealthy {
                emit(
                    .instanceUnhealthy, app: app, release: instance.labels.release,
                    message: "\(instance.name): \(message)")
            }
        }
        if hasChanged { markDirty(app) } else { ring() }
    }
}
