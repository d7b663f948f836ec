internal import HTTPClient
internal import Ports

/// The messages of the gRPC health protocol, which have one field each.
enum GRPCHealth {
    /// `HealthCheckRequest { string service = 1 }` in gRPC's framing: a zero byte and the length in four.
    static func request(service: String) -> [UInt8] {
        var message: [UInt8] = []
        if !service.isEmpty {
            let name = Array(service.utf8)
            message = [0x0a] + varint(UInt64(name.count)) + name
        }
        let length = UInt32(clamping: message.count)
        return [0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32($0))) } + message
    }

    static func verdict(on response: HTTPResponse, service: String) -> ProbeResult {
        guard response.status == 200 else {
            return .failed("the gRPC health check answered HTTP \(response.status)")
        }
        // An error without a body has its status in the only head there is.
        let code = response.trailer("grpc-status") ?? response.header("grpc-status")
        guard let code else { return .failed("the answer has no grpc-status: is it a gRPC server?") }
        guard code == "0" else {
            let name = service.isEmpty ? "the server" : "service \(service)"
            switch code {
            case "5": return .failed("the health service does not know \(name)")
            case "12": return .failed("the server has no gRPC health service")
            default: return .failed("the gRPC health check ended with grpc-status \(code)")
            }
        }
        switch servingStatus(response.body) {
        case 1: return .passed
        case 0: return .failed("the gRPC health check says UNKNOWN")
        case 2: return .failed("the gRPC health check says NOT_SERVING")
        case 3: return .failed("the gRPC health check says SERVICE_UNKNOWN")
        case .some(let status): return .failed("the gRPC health check says \(status)")
        case nil: return .failed("the answer of the gRPC health check makes no sense")
        }
    }

    /// `HealthCheckResponse { ServingStatus status = 1 }`; 0 where the field is left out, `nil` if malformed.
    static func servingStatus(_ body: [UInt8]) -> UInt64? {
        guard body.count >= 5, body[0] == 0 else { return nil }
        let length = body[1...4].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length == UInt64(body.count - 5) else { return nil }
        var rest = body[5...]
        var status: UInt64 = 0
        while !rest.isEmpty {
            guard let tag = takeVarint(&rest) else { return nil }
            switch tag & 7 {
            case 0:
                guard let value = takeVarint(&rest) else { return nil }
                if tag >> 3 == 1 { status = value }
            case 1:
                guard rest.count >= 8 else { return nil }
                rest = rest.dropFirst(8)
            case 2:
                guard let count = takeVarint(&rest), count <= UInt64(rest.count) else { return nil }
                rest = rest.dropFirst(Int(count))
            case 5:
                guard rest.count >= 4 else { return nil }
                rest = rest.dropFirst(4)
            default: return nil
            }
        }
        return status
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(truncatingIfNeeded: rest)]
    }

    private static func takeVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
