internal import Execution
internal import HTTPClient
internal import Model

extension ControlClient {
    /// What became of an order.
    enum Session {
        case open(ByteChannel)
        /// It goes on without us.
        case started(CommandReport)
    }

    /// Asks for a session.
    func openSession(_ path: [String], _ order: SessionOrder) async throws(Failure) -> Session {
        var request = request("POST", path, [])
        do {
            let header = try order.headerValue()
            guard header.utf8.count <= SessionOrder.limitInBytes / 3 * 4 else {
                throw Failure.refused(
                    code: "invalid",
                    message:
                        "the command is longer than \(SessionOrder.limitInBytes) bytes; give what is long by its "
                        + "standard input")
            }
            request.headers.append((SessionOrder.header, header))
        } catch let error as Failure {
            throw error
        } catch {
            throw .refused(code: "invalid", message: "the command cannot be written as JSON")
        }
        let upgrade: HTTPUpgrade
        do throws(HTTPError) {
            upgrade = try await client.upgrade(request, to: SessionOrder.protocolName)
        } catch {
            throw Self.unreachable(error, endpoint)
        }
        switch upgrade {
        case .switched(_, let channel): return .open(channel)
        case .refused(let response) where response.status == 200 && order.detached == true:
            return .started(try decode(CommandReport.self, from: response.body))
        case .refused(let response): throw refusal(status: response.status, body: response.body)
        }
    }
}
