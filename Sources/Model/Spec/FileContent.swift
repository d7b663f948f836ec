public import FoundationEssentials

/// The bytes of a file that belongs to a release.
public struct FileContent: Codable, Hashable, Sendable {
    public var data: Data
    public init(_ data: Data) { self.data = data }
    public init(from decoder: any Decoder) throws {
        data = try decoder.singleValueContainer().decode(Data.self)
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(data)
    }
}
