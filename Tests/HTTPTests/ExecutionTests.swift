import Execution
import Synchronization
import Testing

private final class Gauge: Sendable {
    private let state = Mutex((now: 0, most: 0))
    var most: Int { state.withLock { $0.most } }
    func add(_ amount: Int) {
        state.withLock { state in
            state.now += amount
            state.most = max(state.most, state.now)
        }
    }
}

@Suite struct ExecutionTests {
    @Test func aProgramGetsItsInputAndGivesItsOutput() throws {
        let input = [UInt8](repeating: 65, count: 1 << 20)
        let output = try Subprocess.run(
            ["/bin/cat"], environment: [:], input: input, timeout: .seconds(30), outputLimitInBytes: 1 << 21)
        #expect(output.exitCode == 0)
        #expect(output.standardOutput == input)
        #expect(!output.timedOut)
    }

    @Test func onlyTheGivenEnvironmentIsPassed() throws {
        let output = try Subprocess.run(["/usr/bin/env"], environment: ["A": "1"], timeout: .seconds(10))
        #expect(String(decoding: output.standardOutput, as: UTF8.self) == "A=1\n")
    }

    @Test func errorsAndCodesComeBack() throws {
        let output = try Subprocess.run(
            ["/bin/sh", "-c", "echo oh >&2; exit 7"], environment: [:], timeout: .seconds(10))
        #expect(output.exitCode == 7)
        #expect(output.standardError == Array("oh\n".utf8))
        let killed = try Subprocess.run(
            ["/bin/sh", "-c", "kill -9 $$"], environment: [:], timeout: .seconds(10))
        #expect(killed.exitCode == 128 + 9)
    }

    @Test func aProgramThatIsNotThereIsAnError() {
        #expect(throws: Subprocess.Failure.self) {
            try Subprocess.run(["/no/such/program"], environment: [:], timeout: .seconds(10))
        }
        #expect(throws: Subprocess.Failure.self) {
            try Subprocess.run([], environment: [:], timeout: .seconds(10))
        }
    }

    @Test func aProgramThatTakesTooLongIsKilledWithItsChildren() throws {
        let began = ContinuousClock.now
        let output = try Subprocess.run(
            ["/bin/sh", "-c", "sleep 60 & sleep 60"], environment: ["PATH": "/bin:/usr/bin"],
            timeout: .milliseconds(200))
        #expect(output.timedOut)
        #expect(output.exitCode == 128 + 9)
        #expect(ContinuousClock.now - began < .seconds(10))
    }

    @Test func cancellationKills() throws {
        let began = ContinuousClock.now
        let output = try Subprocess.run(
            ["/bin/sleep", "60"], environment: [:], timeout: .seconds(60),
            isCancelled: { ContinuousClock.now > began + .milliseconds(100) })
        #expect(!output.timedOut)
        #expect(output.exitCode == 128 + 9)
        #expect(ContinuousClock.now - began < .seconds(10))
    }

    @Test func outputIsBounded() throws {
        let output = try Subprocess.run(
            ["/bin/sh", "-c", "head -c 3000000 /dev/zero"], environment: ["PATH": "/bin:/usr/bin"],
            timeout: .seconds(30), outputLimitInBytes: 1_000)
        #expect(output.standardOutput.count == 1_000)
        #expect(output.exitCode == 0)
    }

    @Test func inputThatNobodyReadsDoesNoHarm() throws {
        Signals.ignoreBrokenPipes()
        let output = try Subprocess.run(
            ["/bin/true"], environment: [:], input: [UInt8](repeating: 65, count: 1 << 20),
            timeout: .seconds(10))
        #expect(output.exitCode == 0)
        #expect(!output.timedOut)
    }

    @Test func aPoolRunsCallsAtOnceUpToItsThreads() async {
        let pool = BlockingPool(name: "test", threads: 3)
        let running = Gauge()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<30 {
                group.addTask {
                    await pool.run {
                        running.add(1)
                        // Long enough for the others to come in, if they may.
                        let until = ContinuousClock.now + .milliseconds(5)
                        while ContinuousClock.now < until {}
                        running.add(-1)
                    }
                }
            }
        }
        #expect(running.most <= 3)
    }

    @Test func aPoolRethrows() async {
        struct Oops: Error, Equatable {}
        let pool = BlockingPool(name: "test", threads: 1)
        await #expect(throws: Oops()) {
            try await pool.run { () throws(Oops) -> Int in throw Oops() }
        }
    }

    @Test func anActorOnItsThreadIsSerial() async {
        actor Tally {
            let executor = SerialThreadExecutor(name: "tally")
            nonisolated var unownedExecutor: UnownedSerialExecutor {
                unsafe executor.asUnownedSerialExecutor()
            }
            var count = 0
            func add() { count += 1 }
        }
        let tally = Tally()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1_000 { group.addTask { await tally.add() } }
        }
        #expect(await tally.count == 1_000)
    }
}
