/// What all programs of one build have in common.
public enum Build {
    /// Semantic version, without a leading `v`.
    public static let version = "0.1.0"
}
