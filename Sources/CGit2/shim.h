#pragma once
#include <git2.h>
#include <git2/sys/commit.h>
#include <git2/sys/repository.h>

// `git_libgit2_opts` takes variadic arguments, which Swift cannot pass.

static inline int slipway_git_set_search_path(int level, const char *path) {
    return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, path);
}

static inline int slipway_git_set_certificates(const char *file) {
    return git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, (const char *)0);
}

static inline int slipway_git_set_owner_validation(int enabled) {
    return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, enabled);
}

static inline int slipway_git_set_pack_limits(size_t objects, size_t object_size) {
    int code = git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, objects);
    return code < 0 ? code : git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECT_SIZE, object_size);
}

static inline int slipway_git_set_cache_size(ssize_t bytes) {
    return git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, bytes);
}
