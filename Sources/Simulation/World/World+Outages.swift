internal import Model
internal import Ports

/// What does not reach what, and who cannot open anything any more.
extension World {
    private func isOpen(_ isMeant: (Occurrence.Kind) -> Bool) -> Bool {
        windows.contains { isMeant($0.occurrence.kind) }
    }

    func isCut(_ partition: Partition) -> Bool {
        isOpen { kind in
            if case .partition(partition, _) = kind { return true }
            return false
        }
    }

    /// The controller hears nothing of the engine.
    var isEngineSilent: Bool { isCut(.engine) || isCut(.answers) }

    /// Each controller has descriptors of its own, and whatever uses up those of one uses up those of the next.
    func lacksDescriptors(_ side: Descriptors) -> Bool {
        isOpen { kind in
            if case .descriptors(side, _) = kind { return true }
            return false
        }
    }

    func isUnresolved(_ trouble: NameTrouble) -> Bool {
        isOpen { kind in
            if case .names(let open, _) = kind { return open == trouble || open == .both }
            return false
        }
    }

    static let noDescriptor = error(.internal, "too many open files")
    static let silence = error(.timeout, "no answer within 60 s")
    /// How long a call, and how long a reading, waits for an answer that does not come.
    static let patience: (call: Int64, reading: Int64) = (60_000_000_000, 10_000_000_000)

    /// Why a reading of the engine gets no answer, and how long after.
    func silentReading() -> (error: EngineError, after: Int64)? {
        guard !windows.isEmpty else { return nil }
        if lacksDescriptors(.controller) { return (Self.noDescriptor, 0) }
        return isEngineSilent ? (Self.silence, Self.patience.reading) : nil
    }

    /// No probe is answered. To be ready is to answer the controller: it has no other way to know.
    func cutOffInstances(for span: TimeSpan) {
        unreachableUntil = max(unreachableUntil, now + span)
        for id in truth.instances.keys.sorted() where lives[id]?.isOurs == true && lives[id]?.hasPort == true
        {
            lives[id]?.hangsUntil = unreachableUntil
            sicken(id, for: Int(span.milliseconds / 1_000))
        }
    }

    // MARK: The store

    /// A day has gone by since the copy was made, as its times tell.
    func putBackYesterday() {
        guard let yesterday else { return }
        replaceStore(with: yesterday.aged(by: .minutes(24 * 60)))
    }
}
