public import HTTPServer
public import Model
public import Ports

/// Answers forges, on a listener of its own: who may call it may do nothing but wake a fetch or a plan.
public struct WebhookRouter: Sendable {
    /// What a call says; `nil`: it is not signed.
    public typealias Reader =
        @Sendable (_ headers: [String: String], _ body: [UInt8]) -> Result<ForgeEvent, Refusal>

    public enum Refusal: Error, Sendable, Hashable {
        case unsigned, tooLarge
        case malformed(String)
    }

    /// Of the body of every call.
    public static let bodyLimitInBytes = 1 << 20

    private let surface: any ControlSurface
    private let readers: [SourceName: Reader]

    public init(surface: any ControlSurface, readers: [SourceName: Reader]) {
        self.surface = surface
        self.readers = readers
    }

    public func handle(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        guard request.segments.count == 2, request.segments[0] == "webhooks" else {
            return .text(404, "webhooks are called at /webhooks/SOURCE\n")
        }
        guard request.method == "POST" else { return .text(405, "webhooks are called with POST\n") }
        // Who cannot sign does not learn which sources there are.
        guard let source = SourceName(request.segments[1]), let reader = readers[source] else {
            return .text(401, "not signed\n")
        }
        switch reader(request.headers, request.body) {
        case .failure(.unsigned): return .text(401, "not signed\n")
        case .failure(.tooLarge): return .text(413, "too large\n")
        case .failure(.malformed(let reason)): return .text(400, "\(reason)\n")
        case .success(let event):
            await surface.hear(event, of: source)
            return .text(202, "heard\n")
        }
    }
}
