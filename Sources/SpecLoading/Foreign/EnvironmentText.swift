/// Files of `KEY=VALUE` lines, by the grammar of `env_files`.
public enum EnvironmentText {
    public struct Line: Sendable, Hashable {
        public var key: String
        public var value: String
        /// In single quotes: nothing is filled in.
        public var isLiteral: Bool
        /// From 1.
        public var line: Int
    }
    /// A line that cannot be read. Its message does not show the line, which may hold a secret.
    public struct Problem: Sendable, Hashable {
        public var message: String
        /// From 1.
        public var line: Int
        /// From 1, in characters.
        public var column: Int
    }

    public static func parse(_ text: String) -> (lines: [Line], problems: [Problem]) {
        let (lines, problems) = DotEnv.parse(text)
        return (
            lines.map { Line(key: $0.key, value: $0.value, isLiteral: $0.isLiteral, line: $0.line) },
            problems.map { Problem(message: $0.message, line: $0.line, column: $0.column) }
        )
    }
}
