internal import Model

/// The life of one container, as it is and not as anyone sees it.
struct Life {
    var temper: ImageTemper
    /// It listens on a port and is asked there; without, there is nothing to ask and running is all.
    var hasPort: Bool
    var isOurs: Bool
    /// The name that it was made under.
    var madeAs: String?
    /// The engine's stamp of the start that this life is of.
    var stamp = ""
    /// Rises with each start and each end, so that what was planned for an earlier one falls away.
    var epoch = 0
    var isRunning = false
    var isServing = false
    /// It is on a network; without one, nobody hears it.
    var isConnected = true
    /// Until then it does not serve although it could.
    var sickUntil = Instant.zero
    /// Until then a probe gets no answer.
    var hangsUntil = Instant.zero
    var startedAt = Instant.zero
    var healthySince: Instant?
    /// SIGTERM has come; when the process will be gone.
    var endsAt: Instant?
    var wasStoppedByHand = false
    /// Deaths in a row, each soon after its start, for the engine's back-off.
    var quickDeaths = 0

    var isHealthy: Bool { isRunning && endsAt == nil && (isServing && isConnected || !hasPort) }
}

extension World {
    /// Brings the life of a container in line with what the engine says of it, after anything was done to it.
    func sync(_ id: ContainerID) {
        guard let instance = engine.instance(id) else {
            lives[id] = nil
            refresh(id)
            notify(id)
            return
        }
        if lives[id] == nil {
            lives[id] = Life(
                temper: ImageTemper(image: instance.image), hasPort: false, isOurs: false)
        }
        if instance.state == .running {
            let isNewStart = lives[id]?.stamp != instance.startStamp
            if isNewStart || lives[id]?.isRunning == false {
                begin(id, stamp: instance.startStamp, isResumed: !isNewStart)
            }
        } else {
            end(id)
        }
        connect(id, instance)
        refresh(id)
        notify(id)
    }

    private func connect(_ id: ContainerID, _ instance: ObservedInstance) {
        guard let life = lives[id], life.isRunning else { return }
        let isConnected = instance.address != nil
        guard life.isConnected != isConnected else { return }
        lives[id]?.isConnected = isConnected
        noteHealth(id)
    }

    private func begin(_ id: ContainerID, stamp: String, isResumed: Bool) {
        guard var life = lives[id] else { return }
        life.stamp = stamp
        life.epoch += 1
        life.isRunning = true
        life.endsAt = nil
        life.wasStoppedByHand = false
        if !isResumed { life.startedAt = now }
        life.healthySince = life.hasPort ? nil : now
        life.isServing = false
        if life.hasPort, unreachableUntil > now {
            life.sickUntil = max(life.sickUntil, unreachableUntil)
            life.hangsUntil = max(life.hangsUntil, unreachableUntil)
        }
        lives[id] = life
        planLife(id, life, isResumed: isResumed)
    }

    private func end(_ id: ContainerID) {
        guard lives[id]?.isRunning == true else { return }
        lives[id]?.epoch += 1
        lives[id]?.isRunning = false
        lives[id]?.isServing = false
        lives[id]?.healthySince = nil
        lives[id]?.endsAt = nil
    }

    /// What this start will come to, by the temper of the image.
    private func planLife(_ id: ContainerID, _ life: Life, isResumed: Bool) {
        let epoch = life.epoch
        let serves: Int64
        switch life.temper {
        case .slow: serves = lifeChance.milliseconds(4_000, 20_000)
        default: serves = script == nil ? lifeChance.milliseconds(80, 1_500) : ScriptedTimes.readyAfterLaunch
        }
        switch life.temper {
        case .sick, .mute: break
        case .crash: dieLater(id, epoch, lifeChance.milliseconds(150, 2_500), code: 1)
        case .oom: dieLater(id, epoch, lifeChance.milliseconds(1_500, 8_000), code: 137, outOfMemory: true)
        case .exit0:
            dieLater(
                id, epoch, script == nil ? lifeChance.milliseconds(800, 4_000) : ScriptedTimes.job, code: 0)
        case .late:
            serveLater(id, epoch, serves)
            let dies = lifeChance.milliseconds(45_000, 240_000)
            // In the calm nothing dies for ever: that would never come to rest, and would prove nothing.
            after(dies) { [self] in
                if !isCalm, lives[id]?.epoch == epoch { die(id, code: 1) }
            }
        case .flap:
            serveLater(id, epoch, serves)
            flapLater(id, epoch)
        case .good, .slow, .deaf, .tardy, .errors, .nostart, .missing:
            serveLater(id, epoch, isResumed ? 0 : serves)
        }
    }

    private func serveLater(_ id: ContainerID, _ epoch: Int, _ nanoseconds: Int64) {
        after(nanoseconds) { [self] in setServing(id, epoch, true, "serves") }
    }

    private func flapLater(_ id: ContainerID, _ epoch: Int) {
        after(lifeChance.milliseconds(6_000, 30_000)) { [self] in
            guard let life = lives[id], life.epoch == epoch else { return }
            if isCalm, life.isServing { return }
            setServing(id, epoch, !life.isServing, life.isServing ? Happening.stopsServing : "serves again")
            flapLater(id, epoch)
        }
    }

    private func setServing(_ id: ContainerID, _ epoch: Int, _ isServing: Bool, _ words: String) {
        guard let life = lives[id], life.epoch == epoch, life.isRunning, life.isServing != isServing else {
            return
        }
        if isServing, life.sickUntil > now {
            let rest = life.sickUntil.nanoseconds - now.nanoseconds
            serveLater(id, epoch, rest)
            return
        }
        lives[id]?.isServing = isServing
        noteHealth(id)
        refresh(id)
        live(id, words)
    }

    /// Stops serving for a while, and goes on by itself.
    func sicken(_ id: ContainerID, for seconds: Int) {
        // What has never served does not begin to by having been sick; nobody could ask it whether it does.
        guard let life = lives[id], life.isRunning, life.temper != .mute else { return }
        lives[id]?.sickUntil = now + .seconds(Int64(seconds))
        setServing(id, life.epoch, false, Happening.stopsServing)
        serveLater(id, life.epoch, Int64(seconds) * 1_000_000_000)
    }

    private func noteHealth(_ id: ContainerID) {
        let isHealthy = lives[id]?.isHealthy ?? false
        if !isHealthy {
            lives[id]?.healthySince = nil
        } else if lives[id]?.healthySince == nil {
            lives[id]?.healthySince = now
        }
    }

    func live(_ id: ContainerID, _ words: String) {
        happen(.life(id, "\(engine.instance(id)?.name ?? id.rawValue) \(words)"))
    }

    private func dieLater(
        _ id: ContainerID, _ epoch: Int, _ nanoseconds: Int64, code: Int, outOfMemory: Bool = false
    ) {
        after(nanoseconds) { [self] in
            guard let life = lives[id], life.epoch == epoch else { return }
            die(id, code: code, outOfMemory: outOfMemory)
        }
    }

    /// The process ends by itself; the engine does what its restart policy says.
    func die(_ id: ContainerID, code: Int, outOfMemory: Bool = false) {
        guard let instance = engine.instance(id), let life = lives[id], life.isRunning, life.endsAt == nil
        else { return }
        let isRestarted =
            switch instance.effective.restart {
            case .always, .unlessStopped: true
            case .onFailure: code != 0
            case .never: false
            }
        engine.tamper(instance.name) { container in
            container.state =
                isRestarted
                ? .restarting(code: code, outOfMemory: outOfMemory)
                : .exited(code: code, outOfMemory: outOfMemory)
        }
        let wasQuick = now - life.startedAt < .seconds(10)
        lives[id]?.quickDeaths = wasQuick ? life.quickDeaths + 1 : 0
        sync(id)
        live(id, "exited \(code)\(outOfMemory ? ", out of memory" : "")")
        if isRestarted { reviveLater(id) }
    }

    /// The engine waits 100 ms after the first death, and twice as long after each one that follows soon.
    private func reviveLater(_ id: ContainerID) {
        guard let life = lives[id] else { return }
        let delay = min(60_000, 100 << min(life.quickDeaths, 10))
        after(Int64(delay) * 1_000_000) { [self] in
            guard lives[id]?.epoch == life.epoch, let instance = engine.instance(id),
                case .restarting = instance.state, !isEngineDown
            else { return }
            startAgain(id, instance, byPolicy: true)
        }
    }

    /// The engine starts a container by itself.
    func startAgain(_ id: ContainerID, _ instance: ObservedInstance, byPolicy: Bool) {
        engine.tamper(instance.name) { container in
            container.state = .running
            container.startStamp += "+"
            if byPolicy { container.restartCount += 1 }
        }
        sync(id)
        live(id, "is started by the engine")
    }

    // MARK: Ending on request

    /// Sends SIGTERM, and SIGKILL after `grace`; does `then` when the process is gone.
    ///
    /// - Returns: when that will be.
    @discardableResult
    func windDown(_ id: ContainerID, grace: TimeSpan, then: @escaping () -> Void) -> Instant {
        guard let life = lives[id], life.isRunning, engine.instance(id)?.state == .running else {
            then()
            return now
        }
        if let endsAt = life.endsAt {
            after(endsAt.nanoseconds - now.nanoseconds) { then() }
            return endsAt
        }
        let wanted =
            life.temper == .deaf
            ? grace.nanoseconds : script == nil ? lifeChance.milliseconds(20, 1_200) : ScriptedTimes.stop
        let endsAt = Instant(nanoseconds: now.nanoseconds + min(wanted, grace.nanoseconds))
        lives[id]?.endsAt = endsAt
        lives[id]?.isServing = false
        lives[id]?.healthySince = nil
        refresh(id)
        live(id, "gets SIGTERM")
        let epoch = life.epoch
        after(endsAt.nanoseconds - now.nanoseconds) { [self] in
            if lives[id]?.epoch == epoch { lives[id]?.epoch += 1 }
            then()
        }
        return endsAt
    }
}
