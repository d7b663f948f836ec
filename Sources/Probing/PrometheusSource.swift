internal import FoundationEssentials
public import HTTPClient
public import Ports

/// A Prometheus server, asked by its HTTP API (`/api/v1/query`).
public final class PrometheusSource: MetricSource {
    private let client: HTTPClient
    private let base: String

    /// - Parameter url: of the server, such as `http://127.0.0.1:9090`; from the operator's configuration, never a spec.
    public init(url: String, client: HTTPClient) {
        base = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.client = client
    }

    /// A query that is a comparison, such as `rate(errors_total[1m]) < 0.05`, has a result where it holds. An empty
    /// result, or the number 0, is a failure.
    public func holds(_ query: String) async -> ProbeResult {
        let request = HTTPRequest(
            url: "\(base)/api/v1/query?query=\(Self.encoded(query))", bodyLimitInBytes: 1 << 20,
            timeout: .seconds(10))
        do throws(HTTPError) {
            let response = try await client.send(request)
            return Self.verdict(status: response.status, body: response.body)
        } catch {
            return .unknown("Prometheus does not answer: \(error.message)")
        }
    }

    static func verdict(status: Int, body: [UInt8]) -> ProbeResult {
        // A server that is overloaded or restarting says nothing about the release; a wrong query does.
        guard status < 500 else { return .unknown("Prometheus answered \(status)") }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body)) else {
            return .unknown("Prometheus answered \(status) with something else than its API's JSON")
        }
        guard answer.status == "success", let data = answer.data else {
            return .failed(
                "Prometheus refuses the query: \(String((answer.error ?? "no reason given").prefix(150)))")
        }
        return data.holds ? .passed : .failed("the condition does not hold: the query has no result")
    }

    private struct Answer: Decodable {
        var status: String
        var error: String?
        var data: Outcome?
    }

    /// A vector has an element for each series; a scalar is a time and a number as text.
    private struct Outcome: Decodable {
        var holds: Bool
        enum CodingKeys: String, CodingKey { case resultType, result }
        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            let type = try container.decode(String.self, forKey: .resultType)
            var result = try container.nestedUnkeyedContainer(forKey: .result)
            guard type == "scalar" else {
                holds = (result.count ?? 0) > 0
                return
            }
            _ = try result.decode(Double.self)
            holds = Double(try result.decode(String.self)).map { $0 != 0 && !$0.isNaN } ?? false
        }
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { encoded, byte in
            let character = Character(UnicodeScalar(byte))
            if character.isASCII, character.isLetter || character.isNumber || "-._~".contains(character) {
                encoded.append(character)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
    }
}
