internal import COpenSSL
internal import Glibc

/// Bytes in memory as libcrypto reads or writes them.
@safe
struct MemoryBuffer: ~Copyable {
    fileprivate let pointer: OpaquePointer

    /// For writing.
    init() throws(CertificateFailure) {
        guard let pointer = unsafe BIO_new(BIO_s_mem()) else { throw LibCrypto.failure("allocate memory") }
        unsafe self.pointer = pointer
    }

    /// For reading a copy of `bytes`.
    init(_ bytes: [UInt8]) throws(CertificateFailure) {
        guard let pointer = unsafe BIO_new(BIO_s_mem()) else { throw LibCrypto.failure("allocate memory") }
        let count = bytes.isEmpty ? 0 : unsafe BIO_write(pointer, bytes, Int32(clamping: bytes.count))
        guard count == bytes.count else {
            unsafe BIO_free_all(pointer)
            throw LibCrypto.failure("copy a file")
        }
        unsafe self.pointer = pointer
    }

    deinit { unsafe BIO_free_all(pointer) }

    var bytes: [UInt8] {
        var start: UnsafePointer<CChar>?
        let count = unsafe slipway_bio_bytes(pointer, &start)
        guard count > 0, let start = unsafe start else { return [] }
        return unsafe UnsafeRawBufferPointer(start: start, count: count).map { $0 }
    }
}

/// A private key.
@safe
struct PrivateKey: ~Copyable {
    fileprivate let pointer: OpaquePointer

    /// The first key in PEM that `bytes` hold.
    init(pem bytes: [UInt8]) throws(CertificateFailure) {
        let buffer = try MemoryBuffer(bytes)
        guard let pointer = unsafe slipway_read_key(buffer.pointer) else {
            ERR_clear_error()
            throw CertificateFailure("it holds no private key in PEM that can be read without a password")
        }
        unsafe self.pointer = pointer
    }

    /// A new one on the curve P-256.
    init() throws(CertificateFailure) {
        guard let pointer = unsafe slipway_make_key() else { throw LibCrypto.failure("make a key") }
        unsafe self.pointer = pointer
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    func pem() throws(CertificateFailure) -> [UInt8] {
        let buffer = try MemoryBuffer()
        guard unsafe PEM_write_bio_PKCS8PrivateKey(buffer.pointer, pointer, nil, nil, 0, nil, nil) == 1 else {
            throw LibCrypto.failure("write a key")
        }
        return buffer.bytes
    }
}

/// A certificate.
@safe
struct X509Certificate: ~Copyable {
    fileprivate let pointer: OpaquePointer

    private init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe X509_free(pointer) }

    /// The next certificate in `buffer`; `nil` after the last one.
    static func next(in buffer: borrowing MemoryBuffer) throws(CertificateFailure) -> X509Certificate? {
        ERR_clear_error()
        if let pointer = unsafe slipway_read_certificate(buffer.pointer) {
            return unsafe X509Certificate(owning: pointer)
        }
        let isEnd = slipway_is_end_of_pem() == 1
        ERR_clear_error()
        guard isEnd else { throw CertificateFailure("it holds a certificate that cannot be read") }
        return nil
    }

    func belongs(to key: borrowing PrivateKey) -> Bool {
        defer { ERR_clear_error() }
        return unsafe X509_check_private_key(pointer, key.pointer) == 1
    }

    func pem() throws(CertificateFailure) -> [UInt8] {
        let buffer = try MemoryBuffer()
        guard unsafe PEM_write_bio_X509(buffer.pointer, pointer) == 1 else {
            throw LibCrypto.failure("write a certificate")
        }
        return buffer.bytes
    }

    var notBefore: Int64? { unsafe Self.seconds(X509_get0_notBefore(pointer)) }
    var notAfter: Int64? { unsafe Self.seconds(X509_get0_notAfter(pointer)) }

    /// Organization and common name of who signed it, printable, at most 200 characters.
    var issuer: String {
        guard let name = unsafe X509_get_issuer_name(pointer) else { return "" }
        let organization = unsafe Self.text(in: name, NID_organizationName)
        let common = unsafe Self.text(in: name, NID_commonName)
        return organization.isEmpty || common.contains(organization) ? common : "\(organization) \(common)"
    }

    /// Host names in its list of names, sorted; other kinds of names, and what is no host name, are left out.
    var hosts: [String] {
        guard let names = unsafe slipway_alternative_names(pointer) else {
            ERR_clear_error()
            return []
        }
        defer { unsafe GENERAL_NAMES_free(names) }
        var hosts: Set<String> = []
        for index in 0..<min(unsafe slipway_name_count(names), 1_000) {
            var size: Int32 = 0
            guard let start = unsafe slipway_dns_name(names, index, &size), size > 0 else { continue }
            let bytes = unsafe UnsafeBufferPointer(start: start, count: Int(size))
            let host = String(decoding: unsafe bytes.map { $0 }, as: UTF8.self).lowercased()
            if HostName.objection(to: host) == nil { hosts.insert(host) }
        }
        return hosts.sorted()
    }

    /// Signed by its own key; the times are seconds since 1970.
    static func selfSigned(
        by key: borrowing PrivateKey, commonName: String, notBefore: Int64, notAfter: Int64
    ) throws(CertificateFailure) -> X509Certificate {
        guard let pointer = unsafe X509_new() else { throw LibCrypto.failure("make a certificate") }
        let certificate = unsafe X509Certificate(owning: pointer)
        var serial: UInt64 = 0
        let isRandom = unsafe withUnsafeMutableBytes(of: &serial) {
            unsafe RAND_bytes($0.bindMemory(to: UInt8.self).baseAddress, 8) == 1
        }
        guard isRandom, unsafe ASN1_INTEGER_set_uint64(X509_get_serialNumber(pointer), serial >> 1 | 1) == 1,
            unsafe X509_set_version(pointer, 2) == 1,
            unsafe ASN1_TIME_set(X509_getm_notBefore(pointer), Int(notBefore)) != nil,
            unsafe ASN1_TIME_set(X509_getm_notAfter(pointer), Int(notAfter)) != nil,
            let name = unsafe X509_get_subject_name(pointer),
            unsafe X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, commonName, -1, -1, 0) == 1,
            unsafe X509_set_issuer_name(pointer, name) == 1,
            unsafe X509_set_pubkey(pointer, key.pointer) == 1,
            unsafe X509_sign(pointer, key.pointer, EVP_sha256()) > 0
        else { throw LibCrypto.failure("make a certificate") }
        return certificate
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        var parts = unsafe tm()
        guard let time = unsafe time, unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return unsafe Int64(timegm(&parts))
    }

    private static func text(in name: OpaquePointer, _ kind: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 201)
        let count = unsafe X509_NAME_get_text_by_NID(name, kind, &buffer, Int32(buffer.count))
        guard count > 0 else { return "" }
        let bytes = buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }
        return String(decoding: bytes.filter { $0 >= 0x20 && $0 != 0x7f }, as: UTF8.self)
    }
}

enum LibCrypto {
    /// What the library refused; its own errors are drained.
    static func failure(_ action: String) -> CertificateFailure {
        var buffer = [CChar](repeating: 0, count: 256)
        unsafe ERR_error_string_n(ERR_peek_last_error(), &buffer, buffer.count)
        ERR_clear_error()
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return CertificateFailure("libcrypto cannot \(action): \(text)")
    }
}
