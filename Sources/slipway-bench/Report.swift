import Model

/// How figures are printed.
enum Report {
    static func json(_ figures: [Figure]) throws -> String {
        String(decoding: try WireCoding.encode(figures, pretty: true), as: UTF8.self)
    }

    static func table(_ figures: [Figure]) -> String {
        var rows = [["MEASURE", "VALUE", "BASELINE", "RATIO", "RUNS", "AIM"]]
        for figure in figures {
            let aim = MeasureTable.measure(named: figure.name)?.aim ?? ""
            if let error = figure.error {
                rows.append([figure.name, "-", "-", "-", "-", "not measured: \(error)"])
            } else {
                rows.append([
                    figure.name, "\(text(figure.value)) \(figure.unit)",
                    "\(text(figure.baseline)) \(figure.unit)",
                    text(figure.ratio), "\(figure.runs)", aim
                ])
            }
        }
        return aligned(rows)
    }

    static func list(_ measures: [any Measure]) -> String {
        aligned(
            measures.map {
                [
                    $0.name,
                    "\($0.summary); against \($0.against)\($0.needsEngine ? "; needs a Docker Engine" : "")"
                ]
            })
    }

    private static func text(_ number: Double?) -> String {
        guard let number else { return "-" }
        let scaled = (number * 100).rounded()
        guard scaled.magnitude < 1e15 else { return "\(number)" }
        let hundredths = Int64(scaled)
        let rest = abs(hundredths % 100)
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    private static func aligned(_ rows: [[String]]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            return cells.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
