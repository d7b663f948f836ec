internal import CGit2
internal import Model

/// An open bare repository. Not for use from two threads at once.
@safe
struct RepositoryHandle: ~Copyable {
    private let repository: OpaquePointer
    private let objects: OpaquePointer

    /// Opens the bare repository at exactly `path`.
    init(opening path: String) throws(GitError) {
        try LibGit2.start()
        var pointer: OpaquePointer?
        try check("git_repository_open_bare", unsafe git_repository_open_bare(&pointer, path))
        try unsafe self.init(owning: pointer)
    }

    /// Makes a bare repository, and the folders to it.
    init(creating path: String) throws(GitError) {
        try LibGit2.start()
        var pointer: OpaquePointer?
        try check("git_repository_init", unsafe git_repository_init(&pointer, path, 1))
        try unsafe self.init(owning: pointer)
    }

    private init(owning pointer: OpaquePointer?) throws(GitError) {
        guard let pointer = unsafe pointer else {
            throw GitError(call: "git_repository_open_bare", code: -1, category: 0, text: "no repository")
        }
        var objects: OpaquePointer?
        do throws(GitError) {
            try check("git_repository_odb", unsafe git_repository_odb(&objects, pointer))
        } catch {
            unsafe git_repository_free(pointer)
            throw error
        }
        guard let objects = unsafe objects else {
            unsafe git_repository_free(pointer)
            throw GitError(call: "git_repository_odb", code: -1, category: 0, text: "no object database")
        }
        unsafe self.repository = pointer
        unsafe self.objects = objects
    }

    deinit {
        unsafe git_odb_free(objects)
        unsafe git_repository_free(repository)
    }

    /// Lends the pointer to calls that this type does not wrap.
    func withPointer<Success>(_ body: (OpaquePointer) throws(GitError) -> Success) throws(GitError) -> Success
    {
        try unsafe body(repository)
    }

    enum ObjectKind: Sendable { case commit, tree, blob, other }

    /// Kind and size in bytes of an object, without loading it; `nil` if it is not there.
    func header(of id: ObjectID) throws(GitError) -> (kind: ObjectKind, size: Int)? {
        var raw = id.raw
        var size = 0
        var type = GIT_OBJECT_INVALID
        do throws(GitError) {
            try check("git_odb_read_header", unsafe git_odb_read_header(&size, &type, objects, &raw))
        } catch  where error.isNotFound {
            return nil
        }
        switch type {
        case GIT_OBJECT_COMMIT: return (.commit, size)
        case GIT_OBJECT_TREE: return (.tree, size)
        case GIT_OBJECT_BLOB: return (.blob, size)
        default: return (.other, size)
        }
    }

    /// The whole object; its content is checked against its id.
    func bytes(of id: ObjectID) throws(GitError) -> [UInt8] {
        var raw = id.raw
        var object: OpaquePointer?
        try check("git_odb_read", unsafe git_odb_read(&object, objects, &raw))
        defer { unsafe git_odb_object_free(object) }
        let size = unsafe git_odb_object_size(object)
        guard size > 0, let data = unsafe git_odb_object_data(object) else { return [] }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: data, count: size))
    }

    /// The target of a direct reference; `nil` if there is none.
    func target(ofReference name: String) throws(GitError) -> ObjectID? {
        var raw = git_oid()
        do throws(GitError) {
            try check("git_reference_name_to_id", unsafe git_reference_name_to_id(&raw, repository, name))
        } catch  where error.isNotFound {
            return nil
        }
        return ObjectID(raw)
    }

    /// Makes `name` point at `id`, whatever it pointed at before.
    func setReference(_ name: String, to id: ObjectID) throws(GitError) {
        var raw = id.raw
        var reference: OpaquePointer?
        try check(
            "git_reference_create",
            unsafe git_reference_create(&reference, repository, name, &raw, 1, "fetch"))
        unsafe git_reference_free(reference)
    }
}
