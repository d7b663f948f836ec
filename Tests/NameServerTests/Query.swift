import Glibc

/// One question to a name server over UDP.
struct Answer: Equatable {
    /// 0: it is fine; 3: there is no such name.
    var code: Int
    /// IPv4 addresses.
    var addresses: [String]
}

enum RecordKind: UInt16 { case a = 1, text = 16, aaaa = 28 }

/// `nil`: no answer within a second.
func ask(_ name: String, _ kind: RecordKind = .a, at server: String, port: Int) -> Answer? {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(clamping: port).bigEndian
    unsafe inet_pton(AF_INET, server, &address.sin_addr)
    let isConnected = unsafe withUnsafeBytes(of: &address) { bytes in
        unsafe connect(
            descriptor, bytes.bindMemory(to: sockaddr.self).baseAddress,
            socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
    var question: [UInt8] = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    for label in name.split(separator: ".") { question += [UInt8(clamping: label.utf8.count)] + label.utf8 }
    question += [0, 0, UInt8(clamping: kind.rawValue), 0, 1]
    guard isConnected, unsafe send(descriptor, question, question.count, 0) == question.count else {
        return nil
    }
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&waiting, 1, 1_000) == 1 else { return nil }
    var reply = [UInt8](repeating: 0, count: 4_096)
    let count = unsafe recv(descriptor, &reply, reply.count, 0)
    guard count >= question.count else { return nil }
    let answers = Int(reply[6]) << 8 | Int(reply[7])
    // Names in answers are pointers of two bytes here.
    var addresses: [String] = []
    var place = question.count
    for _ in 0..<answers where place + 12 <= count {
        let size = Int(reply[place + 10]) << 8 | Int(reply[place + 11])
        if reply[place + 3] == 1, size == 4, place + 16 <= count {
            addresses.append(reply[(place + 12)..<(place + 16)].map(String.init).joined(separator: "."))
        }
        place += 12 + size
    }
    return Answer(code: Int(reply[3] & 15), addresses: addresses)
}
