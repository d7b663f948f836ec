internal import CLinux
internal import FoundationEssentials
internal import Glibc
internal import Ports

/// The program `slipway-fetch`: reads one request, fetches one branch, writes one answer. See `FetchRequest`.
public enum FetchHelper {
    /// Runs the program and returns its exit code: 0 whenever an answer was written, be it an error.
    public static func main() -> Int32 {
        // The controller's death must not leave a fetch behind that still writes to the mirror.
        _ = slipway_kill_with_parent(SIGKILL)
        // Descriptors that some library of the controller's has left open for children are no business of
        // this one.
        _ = close_range(3, UInt32.max, 0)
        // Writing past the size limit becomes an error of `write` instead of the end of the process.
        _ = signal(SIGXFSZ, SIG_IGN)
        umask(0o077)
        let answer: FetchAnswer
        do throws(SourceError) {
            answer = try RemoteFetch(try readRequest()).run()
        } catch {
            answer = FetchAnswer(ok: false, code: error.code.rawValue, message: error.message)
        }
        guard let data = try? JSONEncoder().encode(answer) else { return 1 }
        return write(Array(data) + [UInt8(ascii: "\n")]) ? 0 : 1
    }

    private static func readRequest() throws(SourceError) -> FetchRequest {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= 1 << 20 {
            let count = unsafe read(0, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
        }
        do {
            return try JSONDecoder().decode(FetchRequest.self, from: Data(bytes))
        } catch {
            throw SourceError(
                .internal,
                "slipway-fetch is started by slipwayd, which writes a request to it; there was none.")
        }
    }

    private static func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe Glibc.write(1, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
