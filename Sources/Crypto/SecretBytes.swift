internal import COpenSSL

/// Bytes that must not be seen: a key, or the value of a secret.
///
/// They do not print, are compared in constant time, and are overwritten when the last reference is gone. What the
/// holder copies out of `withBytes` is the holder's to clear.
@safe public final class SecretBytes: @unchecked Sendable {
    // Safe to send: written by `init` alone, before anybody else can see it, and by `deinit`, when nobody can any more.
    private let storage: UnsafeMutableRawBufferPointer

    public init(_ bytes: [UInt8]) {
        unsafe storage = .allocate(byteCount: bytes.count, alignment: 1)
        unsafe storage.copyBytes(from: bytes)
    }

    deinit {
        if let start = unsafe storage.baseAddress { unsafe OPENSSL_cleanse(start, storage.count) }
        unsafe storage.deallocate()
    }

    public var count: Int { unsafe storage.count }
    public var isEmpty: Bool { count == 0 }

    /// Lends a copy of the bytes, which is overwritten when `body` returns.
    public func withBytes<Result, Failure: Error>(
        _ body: ([UInt8]) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var copy = unsafe [UInt8](storage)
        defer { Self.clear(&copy) }
        return try body(copy)
    }

    /// Overwrites `bytes` with zeroes, in a way that no compiler leaves out.
    public static func clear(_ bytes: inout [UInt8]) {
        unsafe bytes.withUnsafeMutableBytes { buffer in
            if let start = buffer.baseAddress { unsafe OPENSSL_cleanse(start, buffer.count) }
        }
    }
}

extension SecretBytes: Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        left.withBytes { left in right.withBytes { right in ConstantTime.areEqual(left, right) } }
    }
    /// By the length alone: a hash of the content would tell something of it.
    public func hash(into hasher: inout Hasher) { hasher.combine(count) }

    public var description: String { "<secret>" }
    public var debugDescription: String { "<secret>" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
