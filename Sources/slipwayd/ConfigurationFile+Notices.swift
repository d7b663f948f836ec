import Model
import Notices
import SpecLoading

extension ConfigurationFile {
    private static let channelKeys = [
        "name", "kind", "events", "url", "url_file", "secret_file", "token_file", "topic", "server", "from",
        "to",
        "username", "password_file", "tls", "allow", "ca_file"
    ]

    /// By kind, the keys that only it takes.
    private static let ownKeys: [DaemonSettings.Channel.Kind: [String]] = [
        .webhook: ["url", "url_file", "secret_file"], .slack: ["url", "url_file"],
        .ntfy: ["url", "url_file", "topic", "token_file"],
        .email: ["server", "from", "to", "username", "password_file", "tls"]
    ]

    static func readNotices(_ root: SettingsMap, into settings: inout DaemonSettings) {
        guard let map = root.map("notices", keys: ["limit", "channels"]) else { return }
        if let limit = map.integer("limit", in: 1...10_000) { settings.noticeLimit = limit }
        var names: Set<SourceName> = []
        for channel in map.maps("channels", keys: channelKeys) {
            guard let read = self.channel(channel) else { continue }
            if !names.insert(read.name).inserted { channel.refuse("name", "is that of another channel") }
            settings.channels.append(read)
        }
    }

    private static func channel(_ map: SettingsMap) -> DaemonSettings.Channel? {
        guard let text = map.requiredText("name"), let word = map.requiredText("kind") else { return nil }
        guard let name = SourceName(text) else {
            map.refuse("name", "must be a name of a–z, 0–9 and -, at most 40 characters")
            return nil
        }
        guard let kind = DaemonSettings.Channel.Kind(rawValue: word) else {
            map.refuse("kind", "must be `webhook`, `slack`, `ntfy` or `email`, not `\(word)`")
            return nil
        }
        var channel = DaemonSettings.Channel(name: name, kind: kind)
        let others = Set(ownKeys.values.joined()).subtracting(ownKeys[kind] ?? [])
        for key in others.sorted() where map.has(key) {
            map.refuse(key, "means nothing for `kind: \(kind.rawValue)`")
        }
        readKinds(map, into: &channel)
        channel.allowed = map.texts("allow")
        if AddressRule(allowed: channel.allowed) == nil {
            map.refuse("allow", "must be addresses or networks such as `127.0.0.1` or `127.0.0.0/8`")
        }
        channel.certificateAuthorityFile = map.text("ca_file")
        if kind == .email { readEmail(map, into: &channel) } else { readURL(map, into: &channel) }
        if kind == .ntfy, let topic = map.requiredText("topic") {
            channel.topic = topic
            let isTopic = topic.allSatisfy {
                $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-")
            }
            if !isTopic || topic.isEmpty || topic.count > 64 {
                map.refuse("topic", "must be 1 to 64 of a–z, A–Z, 0–9, _ and -")
            }
        }
        return channel
    }

    private static func readKinds(_ map: SettingsMap, into channel: inout DaemonSettings.Channel) {
        let words = map.texts("events")
        guard !words.isEmpty else { return }
        let told = Notice.Kind.allCases.filter { $0 != .summary && $0 != .test }
        channel.kinds = []
        for word in words {
            guard let kind = told.first(where: { $0.rawValue == word }) else {
                let names = told.map(\.rawValue).joined(separator: ", ")
                map.refuse("events", "holds `\(word)`; there is \(names)")
                continue
            }
            channel.kinds.insert(kind)
        }
    }

    private static func readURL(_ map: SettingsMap, into channel: inout DaemonSettings.Channel) {
        channel.url = map.text("url")
        channel.urlFile = map.text("url_file")
        channel.secretFile = map.text(channel.kind == .ntfy ? "token_file" : "secret_file")
        if channel.url == nil, channel.urlFile == nil {
            if channel.kind == .ntfy {
                channel.url = "https://ntfy.sh"
            } else {
                map.refuse("url", "is missing: the address, or `url_file` with a file that holds it")
            }
        }
        if let url = channel.url, !url.hasPrefix("https://"), !url.hasPrefix("http://") {
            map.refuse("url", "must begin with https:// or http://")
        }
    }

    private static func readEmail(_ map: SettingsMap, into channel: inout DaemonSettings.Channel) {
        channel.url = map.requiredText("server")
        if let url = channel.url, !url.hasPrefix("smtp://"), !url.hasPrefix("smtps://") {
            map.refuse("server", "must be `smtp://HOST:PORT` or `smtps://HOST:PORT`")
        }
        channel.from = map.requiredText("from") ?? ""
        channel.to = map.texts("to")
        channel.user = map.text("username")
        channel.secretFile = map.text("password_file")
        channel.requiresTLS = map.flag("tls") ?? true
        if !channel.from.isEmpty, !EmailChannel.isAddress(channel.from) {
            map.refuse("from", "must be a mailbox such as `slipway@example.com`")
        }
        if channel.to.isEmpty || !channel.to.allSatisfy(EmailChannel.isAddress) {
            map.refuse("to", "must be one or more mailboxes such as `[ops@example.com]`")
        }
        if (channel.user == nil) != (channel.secretFile == nil) {
            map.refuse("username", "goes with `password_file`; give both or neither")
        }
        if channel.user != nil, !channel.requiresTLS {
            map.refuse("tls", "is false, and a password would go over the wire for everybody to read")
        }
    }
}
