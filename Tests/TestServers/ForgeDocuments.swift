/// What forges answer and call with, in the shape that each documents: every field, whether it is read here or not.
/// The values are ours.
///
/// A *sparse* one has null wherever the documentation allows it, and leaves out what it may.
public enum ForgeDocuments {
    static let time: JSONValue = "2026-01-02T03:04:05Z"

    static func addresses(_ names: String, at base: String) -> [String: JSONValue] {
        Dictionary(
            uniqueKeysWithValues: names.split(separator: " ").map { ("\($0)", .text("\(base)/\($0)")) })
    }
}
