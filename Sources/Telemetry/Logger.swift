/// Where entries go. Called on any thread; must neither block for long nor throw.
public protocol LogHandler: Sendable {
    func log(_ entry: LogEntry)
}

/// Writes entries for one part of the program. A value: passed in, never global.
///
///     logger.notice("rollout started", ["app.name": "\(app)", "release.number": .integer(7)])
public struct Logger: Sendable {
    /// Entries below are dropped before their metadata is made.
    public var level: LogLevel
    private let clock: @Sendable () -> Int64
    private let handlers: [any LogHandler]
    private var metadata: [(key: String, value: LogValue)] = []

    /// - Parameter clock: gives seconds since 1970 in UTC.
    public init(level: LogLevel, handlers: [any LogHandler], clock: @escaping @Sendable () -> Int64) {
        self.level = level
        self.handlers = handlers
        self.clock = clock
    }

    /// A logger that drops everything.
    public static let disabled = Logger(level: .error, handlers: [], clock: { 0 })

    /// The same logger with `value` under `key` in each of its entries.
    public func with(_ key: StaticString, _ value: LogValue) -> Logger {
        var copy = self
        copy.metadata.set(key.description, value)
        return copy
    }

    /// - Parameters:
    ///   - message: constant, so that entries can be counted and searched; what varies is metadata.
    ///   - metadata: constant keys of words joined by dots, such as `app.name`.
    public func log(
        _ level: LogLevel, _ message: StaticString,
        _ metadata: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]
    ) {
        guard isEnabled(level) else { return }
        write(level, message, metadata().map { ($0.key.description, $0.value) })
    }

    /// The same for metadata that is put together step by step; written in the order of the keys.
    public func log(
        _ level: LogLevel, _ message: StaticString, _ metadata: @autoclosure () -> [String: String]
    ) {
        guard isEnabled(level) else { return }
        write(level, message, metadata().sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })
    }

    private func isEnabled(_ level: LogLevel) -> Bool { level >= self.level && !handlers.isEmpty }

    private func write(
        _ level: LogLevel, _ message: StaticString, _ metadata: [(key: String, value: LogValue)]
    ) {
        var pairs = self.metadata
        for (key, value) in metadata { pairs.set(key, value) }
        let entry = LogEntry(
            secondsSince1970: clock(), level: level, message: message.description, metadata: pairs)
        for handler in handlers { handler.log(entry) }
    }

    public func debug(
        _ message: StaticString, _ metadata: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]
    ) { log(.debug, message, metadata()) }

    public func info(
        _ message: StaticString, _ metadata: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]
    ) { log(.info, message, metadata()) }

    public func notice(
        _ message: StaticString, _ metadata: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]
    ) { log(.notice, message, metadata()) }

    public func warning(
        _ message: StaticString, _ metadata: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]
    ) { log(.warning, message, metadata()) }

    public func error(
        _ message: StaticString, _ metadata: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]
    ) { log(.error, message, metadata()) }

    public func debug(_ message: StaticString, _ metadata: @autoclosure () -> [String: String]) {
        log(.debug, message, metadata())
    }

    public func info(_ message: StaticString, _ metadata: @autoclosure () -> [String: String]) {
        log(.info, message, metadata())
    }

    public func notice(_ message: StaticString, _ metadata: @autoclosure () -> [String: String]) {
        log(.notice, message, metadata())
    }

    public func warning(_ message: StaticString, _ metadata: @autoclosure () -> [String: String]) {
        log(.warning, message, metadata())
    }

    public func error(_ message: StaticString, _ metadata: @autoclosure () -> [String: String]) {
        log(.error, message, metadata())
    }
}

extension [(key: String, value: LogValue)] {
    fileprivate mutating func set(_ key: String, _ value: LogValue) {
        if let index = firstIndex(where: { $0.key == key }) {
            self[index].value = value
        } else {
            append((key, value))
        }
    }
}
