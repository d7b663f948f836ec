import Model
import Notices
import Ports

extension Daemon {
    /// The ways to people, with their secrets read from files.
    func channels() throws(SettingsError) -> [any NoticeChannel] {
        guard !settings.channels.isEmpty else { return [] }
        let transport = NoticeTransport()
        var channels: [any NoticeChannel] = []
        for channel in settings.channels { channels.append(try self.channel(channel, transport)) }
        return channels
    }

    private func channel(
        _ channel: DaemonSettings.Channel, _ transport: NoticeTransport
    ) throws(SettingsError) -> any NoticeChannel {
        guard let rule = AddressRule(allowed: channel.allowed) else {
            throw SettingsError("notices: channel \(channel.name): `allow` must hold addresses or networks")
        }
        var secret: String?
        if let file = channel.secretFile { secret = try Files.secret(file) }
        var url = channel.url ?? ""
        if let file = channel.urlFile {
            url = try Files.secret(file)
            guard url.hasPrefix("https://") || url.hasPrefix("http://") else {
                throw SettingsError("\(file): the address must begin with https:// or http://")
            }
        }
        let form: HTTPNoticeChannel.Form
        switch channel.kind {
        case .email:
            return EmailChannel(
                name: channel.name, kinds: channel.kinds,
                server: .init(
                    url: url, user: channel.user, password: secret, requiresTLS: channel.requiresTLS,
                    certificateAuthorityFile: channel.certificateAuthorityFile),
                from: channel.from, to: channel.to, rule: rule, transport: transport)
        case .webhook:
            if let secret, secret.utf8.count < 16 {
                throw SettingsError("\(channel.secretFile ?? ""): the key of a webhook has at least 16 bytes")
            }
            form = .webhook(secret: secret)
        case .slack: form = .slack
        case .ntfy: form = .ntfy(topic: channel.topic ?? "", token: secret)
        }
        return HTTPNoticeChannel(
            name: channel.name, kinds: channel.kinds, url: url, form: form, rule: rule,
            certificateAuthorityFile: channel.certificateAuthorityFile, transport: transport)
    }
}
