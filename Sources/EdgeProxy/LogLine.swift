/// One request as HAProxy reports it.
struct LogLine: Sendable, Hashable {
    var backend: Substring
    var server: Substring
    var status: Int
    /// From the first byte of the request to the last of the answer.
    var milliseconds: Int64
    /// How it ended, HAProxy's four letters; `----` is well.
    var ending: Substring
    var client: Substring
    var sentInBytes: Int64
    var receivedInBytes: Int64
    var method: Substring
    var version: Substring
    var seconds: Int64
    var secondFraction: Substring
    var host: Substring
    /// Without the query, which may have secrets in it.
    var path: Substring

    /// HAProxy writes control characters of a request as `#XX`, so no field has a tab in it.
    static let format =
        "%b\\t%s\\t%ST\\t%Ta\\t%tsc\\t%ci\\t%B\\t%U\\t%HM\\t%HV\\t%Ts\\t%ms\\t%[var(txn.host)]\\t%HPO"

    init?(_ line: Substring) {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 14, let status = Int(fields[2]), let milliseconds = Int64(fields[3]) else {
            return nil
        }
        backend = fields[0]
        server = fields[1]
        self.status = status
        self.milliseconds = max(0, milliseconds)
        ending = fields[4]
        client = fields[5]
        sentInBytes = Int64(fields[6]) ?? 0
        receivedInBytes = Int64(fields[7]) ?? 0
        method = fields[8]
        version = fields[9]
        seconds = Int64(fields[10]) ?? 0
        secondFraction = fields[11]
        host = fields[12]
        path = fields[13]
    }
}
