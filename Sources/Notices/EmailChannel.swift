internal import FoundationEssentials
public import Model
public import Ports

/// A channel that sends each notice as a mail of plain text.
public struct EmailChannel: NoticeChannel {
    public struct Server: Sendable {
        /// `smtp://HOST:PORT`, or `smtps://HOST:PORT` for TLS from the first byte.
        public var url: String
        public var user: String?
        public var password: String?
        /// Whether a server that does not offer TLS is refused.
        public var requiresTLS: Bool
        public var certificateAuthorityFile: String?
        public init(
            url: String, user: String? = nil, password: String? = nil, requiresTLS: Bool = true,
            certificateAuthorityFile: String? = nil
        ) {
            self.url = url
            self.user = user
            self.password = password
            self.requiresTLS = requiresTLS
            self.certificateAuthorityFile = certificateAuthorityFile
        }
    }
    public let name: SourceName
    public let kinds: Set<Notice.Kind>
    private let server: Server
    private let from: String
    private let to: [String]
    private let rule: AddressRule
    private let transport: NoticeTransport

    /// - Parameter to: at least one address.
    public init(
        name: SourceName, kinds: Set<Notice.Kind>, server: Server, from: String, to: [String],
        rule: AddressRule, transport: NoticeTransport
    ) {
        self.name = name
        self.kinds = kinds
        self.server = server
        self.from = from
        self.to = to
        self.rule = rule
        self.transport = transport
    }

    /// Whether `text` can stand as the address of a mailbox: one `@`, and nothing that could end a line or a header.
    public static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && text.utf8.count <= 254
            && text.utf8.allSatisfy { (0x21...0x7e).contains($0) && !"<>(),;:\\\"[]".utf8.contains($0) }
    }

    public func send(_ notice: Notice) async throws(NoticeError) {
        _ = try await transport.perform(
            TransferOrder(
                url: server.url, content: .mail(from: from, to: to, message: message(notice)),
                user: server.user,
                password: server.password, certificateAuthorityFile: server.certificateAuthorityFile,
                requiresTLS: server.requiresTLS, rule: rule))
    }

    func message(_ notice: Notice) -> [UInt8] {
        let domain = from.split(separator: "@").last ?? "localhost"
        // Only what an id can hold reaches the header.
        let id = notice.id.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        let lines = [
            "Date: \(Self.date(notice.at))", "From: Slipway <\(from)>", "To: \(to.joined(separator: ", "))",
            "Subject: \(Self.encoded("[\(notice.installation)] \(NoticeText.line(notice.title))"))",
            "Message-ID: <\(id).\(name)@\(domain)>", "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", ""
        ]
        let text = "\(notice.message)\r\n\r\n\(NoticeText.footer(notice))\r\n"
        return Array((lines.joined(separator: "\r\n") + "\r\n").utf8) + Self.folded(Data(text.utf8))
    }

    /// Words of a header in UTF-8, each short enough for a line.
    private static func encoded(_ text: String) -> String {
        var words: [String] = []
        var word = ""
        for character in text {
            if word.utf8.count + character.utf8.count > 42 {
                words.append(word)
                word = ""
            }
            word.append(character)
        }
        words.append(word)
        return words.map { "=?utf-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }

    private static func folded(_ data: Data) -> [UInt8] {
        var rest = Array(data.base64EncodedString().utf8)[...]
        var result: [UInt8] = []
        while !rest.isEmpty {
            result += rest.prefix(76) + [0x0D, 0x0A]
            rest = rest.dropFirst(76)
        }
        return result
    }

    /// As RFC 5322 has it, in UTC.
    static func date(_ time: WallTime) -> String {
        let days = Int(time.secondsSince1970 / 86_400)
        let second = Int(time.secondsSince1970 % 86_400)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents(
            [.year, .month, .day], from: Date(timeIntervalSince1970: Double(time.secondsSince1970)))
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let month = months[max(0, min(11, (parts.month ?? 1) - 1))]
        return "\(weekdays[((days % 7) + 7) % 7]), \(two(parts.day ?? 1)) \(month) \(parts.year ?? 1970) "
            + "\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60)) +0000"
    }
}
