internal import Crypto
internal import HTTPClient

/// Fetches the keys of an identity provider, and keeps them for a while.
///
/// However many tokens come, there is one fetch at a time, and no more than one in `pause` seconds: tokens that name
/// keys which nobody has cannot make it call the provider in a loop.
actor KeyKeeper {
    /// Seconds after which keys are fetched anew.
    static let freshness: Int64 = 3_600
    /// Seconds for which keys are believed while the provider does not answer.
    static let patience: Int64 = 86_400
    /// Least seconds between two fetches.
    static let pause: Int64 = 30

    private let configuration: IdentityProviderConfiguration
    private let client: HTTPClient
    private let now: @Sendable () -> Int64
    private var keys: (set: KeySet, at: Int64)?
    private var lastAttempt: Int64?
    private var fetching: Task<Void, Never>?
    /// Why the last fetch failed; `nil`: it did not.
    private(set) var problem: String?
    private(set) var fetches = 0

    init(
        _ configuration: IdentityProviderConfiguration, client: HTTPClient,
        now: @escaping @Sendable () -> Int64
    ) {
        self.configuration = configuration
        self.client = client
        self.now = now
    }

    /// The keys that may have signed a token; empty where there are none, `nil` where the provider cannot be asked.
    func candidates(_ id: String?, _ algorithm: SignatureKey.Algorithm) async -> [SignatureKey]? {
        if let found = found(id, algorithm), !found.isEmpty { return found }
        await refresh()
        guard let keys, now() - keys.at <= Self.patience else { return nil }
        return keys.set.candidates(id, algorithm)
    }

    private func found(_ id: String?, _ algorithm: SignatureKey.Algorithm) -> [SignatureKey]? {
        guard let keys, now() - keys.at < Self.freshness else { return nil }
        return keys.set.candidates(id, algorithm)
    }

    private func refresh() async {
        if let fetching { return await fetching.value }
        if let lastAttempt, now() - lastAttempt < Self.pause { return }
        lastAttempt = now()
        fetches += 1
        // Ends with its own deadlines; whoever waits may go, the keys are for all.
        let task = Task { await fetch() }
        fetching = task
        await task.value
        fetching = nil
    }

    private func fetch() async {
        do throws(TokenProblem) {
            let url = try await keysURL()
            guard let set = KeySet(try await get(url)), !set.isEmpty else {
                throw TokenProblem("the answer has no key that is taken")
            }
            keys = (set, now())
            problem = nil
        } catch {
            problem = error.text
        }
    }

    private func keysURL() async throws(TokenProblem) -> String {
        if let url = configuration.keysURL { return url }
        let base =
            configuration.issuer.hasSuffix("/")
            ? String(configuration.issuer.dropLast()) : configuration.issuer
        let members = JSONTree.members(try await get("\(base)/.well-known/openid-configuration"))
        guard members?["issuer"]?.text == configuration.issuer else {
            throw TokenProblem("its description names another issuer, or none")
        }
        guard let url = members?["jwks_uri"]?.text else {
            throw TokenProblem("its description names no jwks_uri")
        }
        return url
    }

    private func get(_ url: String) async throws(TokenProblem) -> [UInt8] {
        if let objection = ProviderAddress.objection(url, allowsLoopback: configuration.allowsLoopback) {
            throw TokenProblem("the address of its keys \(objection)")
        }
        // A redirect is not followed: it could lead anywhere.
        let request = HTTPRequest(
            url: url, headers: [("Accept", "application/json")], bodyLimitInBytes: KeySet.limitInBytes,
            timeout: .seconds(10), caFile: configuration.certificateAuthorityFile)
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await client.send(request)
        } catch {
            throw TokenProblem(error.message)
        }
        guard response.status == 200 else { throw TokenProblem("it answers \(response.status)") }
        return response.body
    }
}
