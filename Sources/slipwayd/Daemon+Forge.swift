import ControlAPI
import Controller
import Forges
import HTTPClient
import HTTPServer
import Model
import Ports

extension Daemon {
    /// What a source's forge is told through; `nil`: there is none, or it is a plain git server.
    func forge(_ source: DaemonSettings.Source, _ http: HTTPClient) -> (any Forge)? {
        guard let settings = source.forge, let repository = settings.repository, let token = settings.token
        else {
            return nil
        }
        let configuration = ForgeConfiguration(
            kind: settings.kind, api: settings.api, repository: repository, token: token,
            certificateAuthorityFile: source.certificateAuthorityFile,
            marker: "slipway plan \(self.settings.installation)/\(source.name)")
        switch settings.kind {
        case .github: return GitHubForge(configuration: configuration, http: http)
        case .gitlab: return GitLabForge(configuration: configuration, http: http)
        case .gitea: return GiteaForge(configuration: configuration, http: http)
        case .git: return nil
        }
    }

    /// The listener for webhooks; `nil`: none is configured.
    func webhooks(_ surface: any ControlSurface) throws -> HTTPServer? {
        var readers: [SourceName: WebhookRouter.Reader] = [:]
        for source in settings.sources {
            guard let forge = source.forge, let file = forge.webhookSecretFile,
                let name = SourceName(source.name)
            else { continue }
            guard let webhook = Webhook(kind: forge.kind, secret: try Files.secret(file)) else {
                throw SettingsError("\(file): the secret of a webhook has at least 16 bytes")
            }
            readers[name] = { headers, body in
                do throws(Webhook.Failure) {
                    return .success(try webhook.read(headers: headers, body: body))
                } catch {
                    switch error {
                    case .unsigned: return .failure(.unsigned)
                    case .tooLarge: return .failure(.tooLarge)
                    case .malformed(let reason): return .failure(.malformed(reason))
                    }
                }
            }
        }
        guard let listen = settings.webhookListen else {
            guard readers.isEmpty else {
                throw SettingsError(
                    "a source has `webhook_secret_file`, and `webhooks.listen` says nowhere to listen")
            }
            return nil
        }
        let colon = listen.lastIndex(of: ":")
        guard let colon, let port = Int(listen[listen.index(after: colon)...]), (0...65_535).contains(port)
        else {
            throw SettingsError("webhooks.listen \(listen): give HOST:PORT")
        }
        let router = WebhookRouter(surface: surface, readers: readers)
        return try HTTPServer.start(
            HTTPServerConfiguration(
                tcp: .init(host: String(listen[..<colon]), port: port),
                bodyLimitInBytes: { _, _ in WebhookRouter.bodyLimitInBytes })
        ) { await router.handle($0) }
    }
}
