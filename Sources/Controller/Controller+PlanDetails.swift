import Model
import Planning
import Ports
import SpecLoading

/// What a plan tells beyond what follows from the specs: whether images are there, what only one app can have, and how
/// the rollouts go when they are played through.
extension Controller {
    /// Apps that a plan is told in detail of; a plan of more is about something else than one of them.
    private static let detailLimit = 50

    func detail(
        _ report: PlanReport, _ head: LoadedTree, _ snapshot: any TreeSnapshot, _ desired: DesiredState,
        of source: SourceRecord
    ) async -> PlanReport {
        var report = report
        let places = report.apps.indices.filter { [.create, .update].contains(report.apps[$0].change) }
            .prefix(Self.detailLimit)
        let claims = claims(desired)
        for place in places {
            let name = report.apps[place].app
            guard case .spec(let candidate) = desired.apps[name] else { continue }
            var found = Self.claims(of: name, candidate.spec, apps[name]?.memory.lastGood?.spec, claims)
            for index in found.indices {
                guard let owner = found[index].owner, !mayTell(candidate.spec.project, of: owner) else {
                    continue
                }
                found[index].owner = nil
            }
            report.apps[place].claims = found.isEmpty ? nil : found
        }
        for (place, image) in await images(report, Array(places), desired) {
            report.apps[place].image = image
        }
        let rehearsed = await rehearsed(places.map { report.apps[$0].app }, head, snapshot, desired, source)
        for place in places {
            guard let rollout = rehearsed[report.apps[place].app] else { continue }
            report.apps[place].seconds = rollout.seconds
            guard report.apps[place].change == .update else { continue }
            report.apps[place].lowestCapacity = rollout.lowestCapacity
            report.apps[place].hasDowntime = !rollout.downtimes.isEmpty
            report.apps[place].notes += rollout.downtimes
        }
        return report
    }

    // MARK: Claims

    /// Who has each place of a host, by what git wants and what runs.
    private func claims(_ desired: DesiredState) -> [String: AppName] {
        var owners: [String: AppName] = [:]
        for (name, record) in apps.sorted(by: { $0.key < $1.key }) {
            var specs = [record.memory.lastGood?.spec]
            if case .spec(let candidate) = desired.apps[name] { specs = [candidate.spec] }
            for spec in specs {
                for claim in spec.map(Self.claims) ?? [] { owners[claim] = owners[claim] ?? name }
            }
        }
        return owners
    }

    private static func claims(of spec: AppSpec) -> Set<String> {
        let ports = spec.processes.flatMap { $0.hostAccess?.ports ?? [] }.map { "port \($0.claim)" }
        return Set(spec.processes.flatMap(\.effectiveDomains).map { $0.host + ($0.path ?? "") } + ports)
    }

    private static func claims(
        of app: AppName, _ new: AppSpec, _ old: AppSpec?, _ owners: [String: AppName]
    ) -> [PlanReport.ClaimPlan] {
        let (after, before) = (claims(of: new), old.map(claims) ?? [])
        let conflicts = after.filter { owners[$0].map { $0 != app } ?? false }
        return conflicts.sorted().map { .init(claim: $0, change: .conflict, owner: owners[$0]) }
            + after.subtracting(before).subtracting(conflicts).sorted().map {
                .init(claim: $0, change: .gained)
            }
            + before.subtracting(after).sorted().map { .init(claim: $0, change: .lost) }
    }

    // MARK: Images

    private func images(
        _ report: PlanReport, _ places: [Int], _ desired: DesiredState
    ) async -> [(Int, PlanReport.ImagePlan)] {
        let engine = engine
        var asked: [(place: Int, from: Release?, to: String)] = []
        for place in places {
            guard case .spec(let candidate) = desired.apps[report.apps[place].app] else { continue }
            let old = apps[report.apps[place].app]?.memory.lastGood
            guard old?.spec.image != candidate.spec.image else { continue }
            asked.append((place, old, candidate.spec.image))
        }
        return await withTaskGroup(of: (Int, PlanReport.ImagePlan)?.self) { group in
            for item in asked {
                group.addTask {
                    var plan = PlanReport.ImagePlan(from: item.from?.spec.image, to: item.to)
                    do throws(EngineError) {
                        let found = try await engine.look(up: item.to, besides: item.from?.image.pinned)
                        guard let found else { return nil }
                        plan.digest = found.digest
                        plan.exists = true
                        plan.pullBytes = found.pullBytes
                    } catch {
                        plan.exists = error.code == .notFound ? false : nil
                        plan.problem = error.message
                    }
                    return (item.place, plan)
                }
            }
            var found: [(Int, PlanReport.ImagePlan)] = []
            for await image in group { if let image { found.append(image) } }
            return found
        }
    }

    // MARK: The rollouts

    private func rehearsed(
        _ names: [AppName], _ head: LoadedTree, _ snapshot: any TreeSnapshot, _ desired: DesiredState,
        _ source: SourceRecord
    ) async -> [AppName: RehearsedRollout] {
        guard let rehearse = configuration.rehearse, !names.isEmpty else { return [:] }
        let after = Self.files(names, head)
        guard !after.isEmpty else { return [:] }
        var before: RehearsedFiles?
        if let tree = source.tree, !Self.files(names, tree).isEmpty {
            // A mirror that cannot be read costs the plan its detail, not the plan.
            let old = try? await source.watched.repository.snapshot(at: tree.commit.id)
            before = old.map { RehearsedFiles(snapshot: $0, paths: Self.files(names, tree)) }
        }
        let (path, project) = (source.source.path, source.source.project)
        let base = before
        return await loading {
            rehearse(base, RehearsedFiles(snapshot: snapshot, paths: after), path, project)
        }
    }

    /// The files of these apps and of all that they wait for or move with.
    private static func files(_ names: [AppName], _ tree: LoadedTree) -> [String] {
        var places: [AppName: LoadedSpec] = [:]
        for file in tree.files.values { for spec in file.specs { places[spec.spec.name] = spec } }
        let groups = Set(names.compactMap { places[$0]?.spec.group })
        var wanted =
            names + places.values.filter { $0.spec.group.map(groups.contains) ?? false }.map(\.spec.name)
        var seen: Set<AppName> = []
        var paths: Set<String> = []
        while let name = wanted.popLast() {
            guard seen.insert(name).inserted, let loaded = places[name] else { continue }
            paths.insert(loaded.path)
            wanted += loaded.spec.dependsOn
        }
        return paths.sorted()
    }
}
