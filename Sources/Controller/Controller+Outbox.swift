import Model
import Planning
import Ports
import Telemetry

/// What is told to the outside. It is written with what it tells, and goes on its way by itself, one lane beside the
/// other: nobody who does not answer delays a deploy, or anybody else.
extension Controller {
    struct LaneState {
        var failures = 0
        var nextAttemptAt = Instant.zero
        var problem: String?
    }

    /// What one sending of a lane takes along.
    private static let itemsAtOnce = 500

    /// The lanes that lead anywhere.
    var lanes: [OutboxItem.Lane] {
        configuration.repositories.flatMap(\.sources).flatMap { source -> [OutboxItem.Lane] in
            let dealings = source.dealings
            var lanes: [OutboxItem.Lane] = []
            if dealings.isWritable, dealings.ledger != nil { lanes.append(.init(.notes, source.name)) }
            if dealings.isWritable, dealings.writer != nil { lanes.append(.init(.revert, source.name)) }
            if dealings.forge != nil { lanes.append(.init(.forge, source.name)) }
            return lanes
        }
    }

    /// An item with the next number.
    func word(
        _ key: String, _ kind: OutboxItem.Lane.Kind, _ source: SourceName, _ content: OutboxItem.Content
    ) -> OutboxItem {
        lastWord += 1
        return OutboxItem(
            key: "\(kind.rawValue)/\(source)/\(key)", sequence: lastWord, lane: .init(kind, source),
            content: content, at: clock.wall())
    }

    /// Takes into the state what a batch has made durable.
    func takeWords(_ batch: StoreBatch) {
        guard !batch.outbox.isEmpty || !batch.arrived.isEmpty else { return }
        // What was begun may have been overtaken while its note was written.
        for item in batch.outbox where outbox[item.key].map({ $0.sequence <= item.sequence }) ?? true {
            outbox[item.key] = item
        }
        for (key, sequence) in batch.arrived {
            if let item = outbox[key], item.sequence <= sequence { outbox[key] = nil }
        }
        outboxHub.send(())
    }

    func restoreOutbox(_ state: StoredState) {
        for item in state.outbox { outbox[item.key] = item }
        lastWord = state.outbox.map(\.sequence).max() ?? 0
    }

    /// Brings what waits in one lane to where it belongs, for as long as the controller runs.
    func deliver(_ lane: OutboxItem.Lane) async {
        while !Task.isCancelled {
            let trigger = outboxHub.subscribe()
            let due = laneStates[lane, default: LaneState()].nextAttemptAt
            if due > clock.now() {
                await wait(until: due, or: trigger)
                continue
            }
            let items = waiting(in: lane)
            guard !items.isEmpty else {
                for await _ in trigger { break }
                continue
            }
            // The note that it was begun comes first: after a crash in between it is known that it may have arrived.
            guard await holdsClaim(), await begin(items) else {
                await wait(until: clock.now() + .seconds(2), or: syncHub.subscribe())
                continue
            }
            await send(items, in: lane)
        }
    }

    private func waiting(in lane: OutboxItem.Lane) -> [OutboxItem] {
        let items = outbox.values.filter { $0.lane == lane }.sorted { $0.sequence < $1.sequence }
        // Notes of a whole day go in one push; a forge takes one thing at a time.
        return Array(items.prefix(lane.kind == .notes ? Self.itemsAtOnce : 1))
    }

    private func begin(_ items: [OutboxItem]) async -> Bool {
        await settle { controller in
            controller.pending.outbox += items.map { item in
                var begun = item
                begun.attempts += 1
                return begun
            }
        } == nil
    }

    private func send(_ items: [OutboxItem], in lane: OutboxItem.Lane) async {
        let failure: DeliveryFailure?
        do {
            try await hand(over: items, in: lane)
            failure = nil
        } catch let error as DeliveryFailure {
            failure = error
        } catch {
            failure = DeliveryFailure(message: "\(error)")
        }
        guard let failure else {
            laneStates[lane] = LaneState()
            await arrived(items)
            changeHub.send(())
            return
        }
        guard !Task.isCancelled else { return }
        if failure.isFinal, items.allSatisfy({ $0.attempts >= 4 }) {
            logger.error(
                "the outside does not take what it is told, and is not told again",
                ["lane": "\(lane.kind.rawValue) \(lane.source)", "error": failure.message])
            await arrived(items)
        }
        var state = laneStates[lane, default: LaneState()]
        state.failures += 1
        if state.problem != failure.message {
            logger.notice(
                "what happened cannot be told outside now; it is tried again",
                ["lane": "\(lane.kind.rawValue) \(lane.source)", "error": failure.message])
        }
        state.problem = failure.message
        let delay = Backoff.delay(
            attempt: state.failures, longest: .minutes(10), seed: "\(lane.kind.rawValue)\(lane.source)")
        state.nextAttemptAt = clock.now() + max(delay, failure.retryAfter ?? .zero)
        laneStates[lane] = state
        changeHub.send(())
    }

    private func arrived(_ items: [OutboxItem]) async {
        // If the store refuses now, they stay, and are told once more: whoever takes them minds no repetition.
        _ = await settle { controller in
            for item in items { controller.pending.arrived[item.key] = item.sequence }
        }
    }

    struct DeliveryFailure: Error {
        var message: String
        var retryAfter: TimeSpan?
        /// Told in the same words again, the answer would be the same.
        var isFinal = false
    }

    private func hand(over items: [OutboxItem], in lane: OutboxItem.Lane) async throws {
        guard let source = sources[lane.source]?.source else { return }
        let dealings = source.dealings
        switch lane.kind {
        case .notes: try await publish(items, dealings.ledger)
        case .revert: for item in items { try await revert(item, dealings) }
        case .forge: for item in items { try await tell(dealings.forge, item) }
        // These have a way of their own: `deliverNotices`.
        case .notice: return
        }
    }

    private func publish(_ items: [OutboxItem], _ ledger: (any OutcomeLedger)?) async throws {
        guard let ledger else { return }
        var outcomes: [OutcomeRecord] = []
        var ledgers: [AppName: AppLedger] = [:]
        for item in items {
            guard case .outcome(let outcome, let state) = item.content else { continue }
            if let outcome { outcomes.append(outcome) }
            if let state { ledgers[state.app] = state }
        }
        do throws(SourceError) {
            try await ledger.publish(outcomes, ledgers.values.sorted { $0.app < $1.app })
        } catch {
            throw DeliveryFailure(message: error.message)
        }
    }

    private func tell(_ forge: (any Forge)?, _ item: OutboxItem) async throws {
        guard let forge else { return }
        do throws(ForgeError) {
            switch item.content {
            case .status(let status): try await forge.show(status, mayBeThere: item.attempts > 0)
            case .planComment(let comment): try await forge.show(comment)
            case .outcome, .revert, .closeRevert, .notice: break
            }
        } catch {
            throw DeliveryFailure(error)
        }
    }

    private func revert(_ item: OutboxItem, _ dealings: SourceDealings) async throws {
        guard let writer = dealings.writer else { return }
        switch item.content {
        case .revert(let order):
            let result: RevertResult
            do throws(SourceError) {
                result = try await writer.revert(order)
            } catch {
                throw DeliveryFailure(message: error.message, isFinal: error.code == .notFound)
            }
            try await propose(order, result, dealings)
        case .closeRevert(let app, let reason):
            guard let forge = dealings.forge else { return }
            do throws(ForgeError) {
                try await forge.withdraw(branch: RevertOrder.branch(of: app), reason: reason)
            } catch {
                throw DeliveryFailure(error)
            }
        case .outcome, .status, .planComment, .notice: break
        }
    }

    private func propose(
        _ order: RevertOrder, _ result: RevertResult, _ dealings: SourceDealings
    ) async throws {
        switch result {
        case .nothingToDo: return
        case .overtaken(let reason):
            emit(.reverted, app: order.app, message: "nothing is reverted: \(reason)")
        case .pushed(let commit, let branch):
            if order.way == .pullRequest, let forge = dealings.forge {
                do throws(ForgeError) {
                    let request = try await forge.propose(
                        branch: branch, into: order.branch, title: order.subject, body: order.body)
                    emit(
                        .reverted, app: order.app, commit: commit,
                        message: "pull request \(request.number) takes \(order.failed) back: \(request.url)")
                } catch {
                    throw DeliveryFailure(error)
                }
            } else {
                emit(
                    .reverted, app: order.app, commit: commit,
                    message: "\(commit.short) on \(branch) takes \(order.failed) back to \(order.good)")
            }
        }
        ring()
    }

    /// Changes the state between two passes; returns when the change is durable.
    func settle(_ body: @escaping @Sendable (isolated Controller) -> Void) async -> StoreError? {
        guard !isStopping else { return StoreError(.internal, "the controller is stopping") }
        return await withCheckedContinuation { continuation in
            requests.append { controller in
                controller.waiters.append(continuation)
                if !controller.isStopping { body(controller) }
            }
            ring()
        }
    }

    /// What is on its way, for the status.
    func deliveries(of source: WatchedSource) -> [DeliveryStatus] {
        let kinds: [(OutboxItem.Lane.Kind, String)] = [
            (.notes, "notes"), (.revert, "revert"), (.forge, source.dealings.forge?.kind ?? "forge")
        ]
        return kinds.compactMap { kind, name in
            let lane = OutboxItem.Lane(kind, source.name)
            let pending = outbox.values.count { $0.lane == lane }
            let state = laneStates[lane]
            guard pending > 0 || state?.problem != nil else { return nil }
            let wait = state.map { max(0, ($0.nextAttemptAt - clock.now()).wholeSecondsRoundedUp) }
            return DeliveryStatus(
                to: name, pending: pending, problem: state?.problem,
                nextAttemptInSeconds: state?.problem == nil ? nil : wait)
        }
    }
}

extension Controller.DeliveryFailure {
    init(_ error: ForgeError) {
        self.init(
            message: error.message,
            retryAfter: error.retryAfterSeconds.map { .seconds(min(max(0, $0), 3_600)) },
            isFinal: error.code == .refused || error.code == .notFound)
    }
}

extension RevertOrder {
    /// The branch that a proposal to take an app back stands on: one per app, so one proposal at a time.
    static func branch(of app: AppName) -> String { "slipway/revert-\(app)" }
}
