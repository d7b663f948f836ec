internal import Execution
internal import Model
public import Ports

/// Certificates by `lego`, files of the operator, and a self-signed one until there is a better.
///
/// Whatever fails, a certificate that serves is neither removed nor replaced. Attempts are counted in a file
/// before they begin, so that a controller that ends again and again asks the authority no more often than
/// one that lives.
public actor CertificateKeeper: CertificateSource {
    let configuration: CertificateConfiguration
    let clock: any CertificateClock
    let log: @Sendable (String) -> Void
    let pool = BlockingPool(name: "lego", threads: CertificateKeeper.ordersAtOnce)
    private let executor = SerialThreadExecutor(name: "certificates")
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    static let ordersAtOnce = 2
    static let wantedLimit = 20_000

    /// `nil`: it has not been said yet, and whatever there is stays in use.
    var wanted: Set<String>?
    var records: [String: HostRecord] = [:]
    var own: OwnFiles?
    var live: LiveFiles
    /// Self-signed, for names that have nothing better.
    var standIn: StoredCertificate?
    var isLoaded = false
    /// Why the directory cannot be used.
    var directoryProblem: String?
    /// Hosts for which an order is under way, with what was known of them before it.
    var ordering: [String: HostMemory] = [:]
    /// By path of the file.
    var deliveries: [String: Delivery] = [:]
    var isDelivering = false
    private var nextScan: Int64 = 0
    private var waker: AsyncStream<Void>.Continuation?
    private var timer: Task<Void, Never>?

    /// Does nothing yet: files are read and made with the first call.
    ///
    /// - Parameter log: gets one line for each thing that has changed or failed, without secrets.
    public init(
        configuration: CertificateConfiguration, clock: any CertificateClock = SystemCertificateClock(),
        log: @escaping @Sendable (String) -> Void
    ) {
        self.configuration = configuration
        live = LiveFiles(folder: configuration.directory + "/live")
        self.clock = clock
        self.log = log
    }

    deinit { timer?.cancel() }

    var now: Int64 { clock.now().secondsSince1970 }

    public func want(_ hosts: Set<String>) async {
        guard wanted != hosts else { return }
        if hosts.count > Self.wantedLimit {
            log(
                "certificates: \(hosts.count) hosts are wanted; only the first \(Self.wantedLimit) are served"
            )
        }
        wanted = hosts.count > Self.wantedLimit ? Set(hosts.sorted().prefix(Self.wantedLimit)) : hosts
        wake()
    }

    /// The self-signed one first: it answers for names that no other one is for, and its `hosts` are empty.
    ///
    /// All others are for one name each, and that name's path never changes, whatever certificate it holds
    /// and wherever that came from. Certificates of hosts that are not wanted any more stay until they
    /// expire.
    public func files() async -> [CertificateFile] {
        prepare()
        return filesInUse().map { CertificateFile(path: $0.path, hosts: $0.hosts) }
    }

    /// Works until it is cancelled; an order under way is killed then. One call at a time.
    ///
    /// In the beginning every file counts as new: what the edge has been given before is not known.
    public func run(
        installing install: @escaping @Sendable (CertificateFile) async throws(EdgeError) -> Void
    ) async {
        let (wakings, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.waker = waker
        deliveries = [:]
        wake()
        await withTaskGroup(of: Void.self) { group in
            for await _ in wakings {
                guard !Task.isCancelled else { break }
                let (orders, delivers) = step()
                for host in orders { group.addTask { await self.order(host) } }
                if delivers { group.addTask { await self.deliver(by: install) } }
            }
            group.cancelAll()
        }
        timer?.cancel()
        timer = nil
        self.waker = nil
    }

    func wake() { waker?.yield() }

    /// Looks at everything; returns the orders to begin, and whether there is something to install.
    private func step() -> (orders: [String], delivers: Bool) {
        let now = now
        prepare()
        if now >= nextScan || nextScan > now + 60 {
            nextScan = now + 60
            for note in own?.scan() ?? [] { log(note) }
        }
        let orders = isLoaded ? startable(now: now) : []
        for host in orders { ordering[host] = records[host]?.memory ?? HostMemory() }
        let delivers = !isDelivering && hasDeliveries(now: now)
        if delivers { isDelivering = true }
        setTimer(now: now)
        return (orders, delivers)
    }

    /// What is due already waits for an order or a delivery that is under way, and each ends with a waking.
    private func setTimer(now: Int64) {
        var next = own == nil && isLoaded ? now + 3_600 : nextScan
        for host in wanted ?? [] {
            if let due = due(host, now: now), due > now { next = min(next, due) }
        }
        for delivery in deliveries.values where delivery.nextAttempt > now {
            next = min(next, delivery.nextAttempt)
        }
        let time = WallTime(secondsSince1970: max(next, now + 1))
        timer?.cancel()
        timer = Task { [clock, waker] in
            // Cancelled: another timer has taken its place.
            guard (try? await clock.wait(until: time)) != nil else { return }
            waker?.yield()
        }
    }
}
