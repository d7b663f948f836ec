internal import Model
internal import Secrets

/// Decodes one document. Lives as long as one call of `SpecLoader.load` needs for the document.
///
/// A value that cannot be decoded becomes `nil` and a finding, and the decoding goes on, so that the author sees all
/// errors at once.
final class SpecDecoder {
    let project: ProjectName
    /// Whether what only an edge can do is acted on.
    let hasEdge: Bool
    let files: FileReader
    /// What the configuration lets the source do.
    let rules: SourceRules?
    /// `nil`: secrets are looked at without being opened.
    let keyring: SecretKeyring?
    /// `nil`: any well-formed name is taken for a time zone.
    let zones: ZoneNames?
    var findings = FindingList()
    var later = LaterFeatures()

    init(
        project: ProjectName, hasEdge: Bool, files: FileReader, rules: SourceRules? = nil,
        keyring: SecretKeyring? = nil, zones: ZoneNames? = nil
    ) {
        self.zones = zones
        self.rules = rules
        self.keyring = keyring
        self.project = project
        self.hasEdge = hasEdge
        self.files = files
    }
}

/// Reads the files that specs name, and remembers which.
final class FileReader {
    private let read: (String) throws -> [UInt8]
    private(set) var paths: Set<String> = []

    init(_ read: @escaping (String) throws -> [UInt8]) { self.read = read }

    enum Answer {
        case content([UInt8])
        /// A sentence about why not.
        case problem(String)
    }

    func content(of path: String, atMost limit: Int) -> Answer {
        paths.insert(path)
        do {
            let bytes = try read(path)
            guard bytes.count <= limit else {
                return .problem(
                    "`\(Printable.text(path, limit: 200))` has \(bytes.count) bytes; at most \(limit) are allowed"
                )
            }
            return .content(bytes)
        } catch {
            let reason = Printable.text("\(error)", limit: 300)
            return .problem("`\(Printable.text(path, limit: 200))` cannot be read: \(reason)")
        }
    }
}
