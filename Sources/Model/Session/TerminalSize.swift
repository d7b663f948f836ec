/// Columns and rows of a terminal, 1 to 65,535 each.
public struct TerminalSize: Codable, Hashable, Sendable {
    public var columns: UInt16
    public var rows: UInt16

    /// Where nothing is known of the terminal.
    public static let standard = TerminalSize(columns: 80, rows: 24)

    public init(columns: UInt16, rows: UInt16) {
        self.columns = max(1, columns)
        self.rows = max(1, rows)
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            columns: try values.decode(UInt16.self, forKey: .columns),
            rows: try values.decode(UInt16.self, forKey: .rows))
    }
}
