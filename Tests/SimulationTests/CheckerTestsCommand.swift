import Model
import Ports
import Testing

@testable import Simulation

/// I15 sees a command that runs twice or beside another one, and a release that does not wait for its own.
@Suite struct CheckerTestsCommand {
    private let v1 = Make.release(1)
    private let v2: Release
    private let v3: Release

    init() {
        var spec = Make.spec(image: "shop:2")
        spec.release = ReleaseCommandSpec(command: ["migrate"])
        v2 = Make.release(2, spec)
        v3 = Make.release(3, spec)
    }

    private func moving(to release: Release) -> Play {
        var play = Play(CommandChecker.self)
        play.store(Make.memory(v1, target: release))
        return play
    }

    @Test func `I15: once, and then the release`() {
        var play = moving(to: v2)
        play.startCommand("j1", v2)
        play.endCommand("j1", code: 0)
        play.launch("b1", v2)
        #expect(play.found == [])
    }

    @Test func `I15: the same container twice`() {
        var play = moving(to: v2)
        play.startCommand("j1", v2)
        play.endCommand("j1", code: 1)
        play.startCommand("j1", v2)
        #expect(play.found == ["the command of shop v2 was started ×2"])
    }

    @Test func `I15: another container for the same release`() {
        var play = moving(to: v2)
        play.startCommand("j1", v2)
        play.endCommand("j1", code: 1)
        play.startCommand("j2", v2)
        #expect(play.found == ["the command of shop v2 was started ×2"])
    }

    @Test func `I15: beside the one of another release`() {
        var play = moving(to: v3)
        play.startCommand("j1", v2)
        play.startCommand("j2", v3)
        #expect(play.found == ["j2 was started beside j1"])
        var other = moving(to: v3)
        other.startCommand("j1", v2)
        other.endCommand("j1", code: 0)
        other.startCommand("j2", v3)
        #expect(other.found == [])
    }

    @Test func `I15: an instance before the command has succeeded`() {
        for code in [nil, 1] {
            var play = moving(to: v2)
            play.startCommand("j1", v2)
            if let code { play.endCommand("j1", code: code) }
            play.launch("b1", v2)
            #expect(play.found == ["b1 was started before the command of shop v2 had succeeded"])
        }
    }

    @Test
    func `I15: an app that was removed comes back with yesterday's store, and its command has succeeded`() {
        for isPutBack in [true, false] {
            var play = moving(to: v2)
            play.startCommand("j1", v2)
            play.endCommand("j1", code: 0)
            play.store { $0.forgotten = [Make.app] }
            if isPutBack { play.happen(.fault("yesterday's store is put back")) }
            play.store(Make.memory(v1, target: v2))
            play.launch("b1", v2)
            #expect(play.found.isEmpty == isPutBack)
        }
    }

    @Test func `I15: an app that comes back numbers anew`() {
        var play = moving(to: v2)
        play.startCommand("j1", v2)
        play.endCommand("j1", code: 0)
        play.store { $0.forgotten = [Make.app] }
        play.startCommand("j2", v2)
        #expect(play.found == [])
    }
}

extension Play {
    fileprivate mutating func startCommand(_ name: String, _ release: Release) {
        let id = Make.id(name)
        act(.startJob(id, name: name)) { play in
            let stamp = (play.world.jobs[id]?.observed.startStamp ?? "") + "+"
            var labels = Make.labels(release, .releaseCommand)
            labels.job = JobLabel(release: release.number, attempt: 1, timeout: .seconds(60))
            let job = ObservedInstance(
                id: id, name: name, labels: labels, state: .running, startStamp: stamp, restartCount: 0,
                address: nil,
                effective: EffectiveSettings(
                    nanoCPUs: nil, memoryInBytes: nil, restart: .never, networks: ["net"]),
                image: release.spec.image)
            play.world.jobs[id] = WorldTruth.Instance(
                observed: job, isHealthy: true, healthySince: nil, startedAt: play.world.now, isOurs: true)
        }
    }

    fileprivate mutating func endCommand(_ name: String, code: Int) {
        let id = Make.id(name)
        world.jobs[id]?.observed.state = .exited(code: code, outOfMemory: false)
        happen(.life(id, "\(name) exited \(code)"))
    }
}
