internal import FoundationEssentials
internal import Glibc

/// Makes this process the mirror's only writer; the kernel frees it with the process, however it ends.
struct MirrorLock {
    private let mirror: String
    private let descriptor: Int32

    init(_ mirror: String) throws(GitError) {
        self.mirror = mirror
        descriptor = unsafe open(mirror + "/slipway.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = unsafe String(cString: strerror(errno))
            throw GitError(
                call: "open", code: -1, category: 0, text: "cannot open \(mirror)/slipway.lock: \(reason)")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw GitError(
                call: "flock", code: -1, category: 0, text: "another process is fetching into \(mirror)")
        }
    }

    func release() {
        // Closing alone leaves the lock to a child that was forked and has not yet become another program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Removes what a killed helper has left: half packs, and git's own lock files, which would block for
    /// ever.
    func removeLeftovers() {
        // What cannot be listed or removed shows itself in the fetch that follows.
        let files = FileManager.default
        for name in (try? files.contentsOfDirectory(atPath: mirror + "/objects/pack")) ?? []
        where !name.hasSuffix(".pack") && !name.hasSuffix(".idx") {
            try? files.removeItem(atPath: mirror + "/objects/pack/" + name)
        }
        for folder in ["", "/refs/slipway"] {
            for name in (try? files.contentsOfDirectory(atPath: mirror + folder)) ?? []
            where name.hasSuffix(".lock") && name != "slipway.lock" {
                try? files.removeItem(atPath: mirror + folder + "/" + name)
            }
        }
    }
}
