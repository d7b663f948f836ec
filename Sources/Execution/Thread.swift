internal import CLinux
internal import Glibc

/// Kernel threads for work that blocks.
public enum Thread {
    /// Starts a detached thread that runs `body` once.
    ///
    /// - Parameter name: at most 15 bytes are shown by the system.
    public static func start(name: String, _ body: @escaping @Sendable () -> Void) {
        let box = unsafe Unmanaged.passRetained(ThreadBody(name: name, body: body))
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        unsafe pthread_attr_setstacksize(&attributes, 1 << 20)
        var thread = pthread_t()
        let code = unsafe pthread_create(&thread, &attributes, runThread, box.toOpaque())
        unsafe pthread_attr_destroy(&attributes)
        // No thread at start means that the machine has none left; nothing of the program works then.
        precondition(code == 0, "pthread_create failed with \(code)")
    }
}

private final class ThreadBody: Sendable {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument = unsafe argument else { return nil }
    let thread = unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
    unsafe pthread_setname_np(pthread_self(), String(thread.name.prefix(15)))
    thread.body()
    return nil
}
