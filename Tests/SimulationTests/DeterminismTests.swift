import Model
import Simulation
import Testing

@Test func `a fault that is off does not strike`() {
    var options = SimulationOptions(seed: 3, faults: [], safetyPhase: .minutes(4))
    #expect(Simulation.run(options).faults.isEmpty)
    options.faults = [.git]
    #expect(Set(Simulation.run(options).faults.keys).isSubset(of: [.git]))
}
