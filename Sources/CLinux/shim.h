#pragma once
// Calls of glibc that stand behind _GNU_SOURCE, which Swift's own module of it does not define.
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

int pipe2(int descriptors[2], int flags);
int pthread_setname_np(unsigned long thread, const char *name);
int malloc_trim(size_t pad);

// `prctl` is variadic. The signal reaches the caller when the thread that started it ends.
int prctl(int option, ...);
static inline int slipway_kill_with_parent(int signal) { return prctl(1 /* PR_SET_PDEATHSIG */, (unsigned long)signal); }
int close_range(unsigned int first, unsigned int last, int flags);

#include <spawn.h>
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
int syncfs(int descriptor);

// `struct ucred` stands behind _GNU_SOURCE. 0, or -1 where the socket is no Unix socket.
#include <sys/socket.h>
static inline int slipway_peer_user(int socket, unsigned int *user) {
    struct { int process; unsigned int user, group; } peer = {0, 0, 0};
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, 17 /* SO_PEERCRED */, &peer, &size) != 0) return -1;
    *user = peer.user;
    return 0;
}

#include <linux/magic.h>
#include <sys/vfs.h>
// Whether a path is on a file system that has no disk; 0 also where it cannot be asked.
static inline int slipway_is_in_memory(const char *path) {
    struct statfs status;
    if (statfs(path, &status) != 0) return 0;
    return (unsigned long)status.f_type == TMPFS_MAGIC || (unsigned long)status.f_type == RAMFS_MAGIC;
}

// Newer than glibc's own functions for them. -1 with errno where it fails.
#include <sys/syscall.h>
long syscall(long number, ...);
static inline int slipway_pidfd_open(int process) { return (int)syscall(434, (long)process, 0L); }
static inline int slipway_pidfd_send_signal(int descriptor, int signal) {
    return (int)syscall(424, (long)descriptor, (long)signal, 0L, 0L);
}
