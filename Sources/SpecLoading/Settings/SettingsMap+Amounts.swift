internal import Model

extension SettingsMap {
    /// A size such as `512M`, from 1 byte to 64 TiB.
    public func sizeInBytes(_ key: String) -> Int64? {
        guard let text = text(key) else { return nil }
        switch SizeText.parse(text) {
        case .failure(let problem):
            refuse(key, "is no size such as `512M`: \(problem.message)")
            return nil
        case .success(let size):
            guard (1...(64 << 40)).contains(size) else {
                refuse(key, "must be a size from 1 byte to 64T, not `\(Printable.text(text))`")
                return nil
            }
            return size
        }
    }

    /// A number of cores such as `1.5`, from 0.01 to 65,536, in billionths.
    public func nanoCPUs(_ key: String) -> Int64? {
        guard let text = text(key) else { return nil }
        guard let count = DecimalText.parse(text, scale: 1_000_000_000),
            (10_000_000...65_536_000_000_000).contains(count)
        else {
            refuse(
                key,
                "must be a number of cores from 0.01 to 65536, such as `1.5`, not `\(Printable.text(text))`")
            return nil
        }
        return count
    }
}
