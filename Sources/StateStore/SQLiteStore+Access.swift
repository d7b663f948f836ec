public import Model
public import Ports

extension SQLiteStore: AccessStore {
    public func tokens() async throws(StoreError) -> [TokenRecord] {
        try values(
            try opened(), "SELECT id, json FROM tokens ORDER BY id", "token", [], as: TokenRecord.self
        ).values.map(\.value)
    }

    public func save(_ token: TokenRecord) async throws(StoreError) {
        let database = try opened()
        try database.transaction { () throws(StoreError) in
            try checkPlace(database)
            try database.run(
                "INSERT OR REPLACE INTO tokens (id, json) VALUES (?, ?)", .text(token.id.rawValue),
                coder.encode(token, "token \(token.id)"))
        }
    }

    public func forget(_ tokens: [TokenID]) async throws(StoreError) {
        guard !tokens.isEmpty else { return }
        let database = try opened()
        try database.transaction { () throws(StoreError) in
            try checkPlace(database)
            for id in tokens { try database.run("DELETE FROM tokens WHERE id = ?", .text(id.rawValue)) }
        }
    }

    public func append(_ records: [AuditRecord]) async throws(StoreError) {
        guard !records.isEmpty else { return }
        let database = try opened()
        try database.transaction { () throws(StoreError) in
            try checkPlace(database)
            for record in records {
                try database.run(
                    "INSERT INTO audit (at, app, project, actor, json) VALUES (?, ?, ?, ?, ?)",
                    .integer(record.at.secondsSince1970), record.app.map { .text($0.rawValue) } ?? .null,
                    record.project.map { .text($0.rawValue) } ?? .null, .text(record.actor),
                    coder.encode(record, "an audit record"))
            }
        }
    }

    public func audit(_ query: AuditQuery) async throws(StoreError) -> [AuditRecord] {
        var conditions = ["1"]
        var values: [Statement.Value] = []
        func add(_ condition: String, _ value: Statement.Value) {
            conditions.append(condition)
            values.append(value)
        }
        if let app = query.app { add("app = ?", .text(app.rawValue)) }
        if let actor = query.actor { add("instr(actor, ?) > 0", .text(actor)) }
        if let since = query.since { add("at >= ?", .integer(since.secondsSince1970)) }
        if let projects = query.projects {
            // As JSON, so that one statement serves any number of them.
            let list = projects.sorted().map { "\"\($0)\"" }.joined(separator: ",")
            add("project IN (SELECT value FROM json_each(?))", .text("[\(list)]"))
        }
        values.append(.integer(Int64(max(0, query.limit))))
        let sql =
            "SELECT sequence, json FROM audit WHERE \(conditions.joined(separator: " AND "))"
            + " ORDER BY sequence DESC LIMIT ?"
        let found = try self.values(try opened(), sql, "audit record", values, as: AuditRecord.self)
        return found.values.map { key, record in
            var record = record
            record.sequence = Int64(key) ?? 0
            return record
        }
    }

    public func prune(_ keeping: AuditKeeping, now: WallTime) async throws(StoreError) {
        let database = try opened()
        let oldest = now.secondsSince1970 - keeping.days * 86_400
        try database.transaction { () throws(StoreError) in
            try checkPlace(database)
            try database.run("DELETE FROM audit WHERE at < ?", .integer(oldest))
            try database.run(
                """
                DELETE FROM audit WHERE sequence <=
                    (SELECT sequence FROM audit ORDER BY sequence DESC LIMIT 1 OFFSET ?)
                """, .integer(keeping.records))
        }
    }
}
