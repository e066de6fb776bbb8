/// Rows under a header, in columns as wide as their widest cell.
struct TextTable {
    private var rows: [[String]]

    init(_ header: [String]) {
        rows = [header]
    }

    mutating func append(_ row: [String]) {
        rows.append(row)
    }

    var text: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            let cells = row.indices.map { column in
                column == row.count - 1 ? row[column] : pad(row[column], to: widths[column])
            }
            return cells.joined(separator: "  ")
        }
        return lines.joined(separator: "\n")
    }

    private func pad(_ cell: String, to width: Int) -> String {
        cell + String(repeating: " ", count: width - cell.count)
    }
}
