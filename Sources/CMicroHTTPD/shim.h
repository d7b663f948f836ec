#pragma once
#include <stdarg.h>
#include <stdio.h>
#include <microhttpd.h>

/// Takes one formatted complaint of the library.
typedef void (*slipway_mhd_log)(void *context, const char *line);

struct slipway_mhd_log_target {
    slipway_mhd_log log;
    void *context;
};

static void slipway_mhd_format(void *target, const char *format, va_list arguments) {
    const struct slipway_mhd_log_target *log_target = (const struct slipway_mhd_log_target *)target;
    char line[512];
    vsnprintf(line, sizeof line, format, arguments);
    log_target->log(log_target->context, line);
}

/// What a daemon is started with. All pointers must stay valid until it is stopped.
struct slipway_mhd_options {
    int listen_socket;
    unsigned int connection_limit;
    unsigned int timeout_in_seconds;
    size_t memory_limit;
    void *context;
    MHD_AccessHandlerCallback access;
    MHD_RequestCompletedCallback completed;
    MHD_NotifyConnectionCallback connection;
    void *(*target)(void *context, const char *target, struct MHD_Connection *connection);
    struct slipway_mhd_log_target *log;
};

/// `MHD_start_daemon` is variadic, which Swift cannot call.
static inline struct MHD_Daemon *slipway_mhd_start(const struct slipway_mhd_options *options) {
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        options->access, options->context,
        MHD_OPTION_EXTERNAL_LOGGER, slipway_mhd_format, options->log,
        MHD_OPTION_LISTEN_SOCKET, options->listen_socket,
        MHD_OPTION_CONNECTION_LIMIT, options->connection_limit,
        MHD_OPTION_CONNECTION_TIMEOUT, options->timeout_in_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->memory_limit,
        MHD_OPTION_NOTIFY_COMPLETED, options->completed, options->context,
        MHD_OPTION_NOTIFY_CONNECTION, options->connection, options->context,
        MHD_OPTION_URI_LOG_CALLBACK, options->target, options->context,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_END);
}

/// `MHD_upgrade_action` is variadic. Gives an upgraded connection back; its socket is the library's again.
static inline void slipway_mhd_end_upgrade(struct MHD_UpgradeResponseHandle *handle) {
    MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

static inline int slipway_mhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

/// What the connection callback left for this connection.
static inline void *slipway_mhd_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static inline struct sockaddr *slipway_mhd_address(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info == NULL ? NULL : info->client_addr;
}

// Macros with casts, which Swift does not see.
static const uint64_t slipway_mhd_size_unknown = MHD_SIZE_UNKNOWN;
static const ssize_t slipway_mhd_end_of_stream = MHD_CONTENT_READER_END_OF_STREAM;
static const ssize_t slipway_mhd_end_with_error = MHD_CONTENT_READER_END_WITH_ERROR;

static inline _Bool slipway_mhd_is_start(enum MHD_ConnectionNotificationCode code) {
    return code == MHD_CONNECTION_NOTIFY_STARTED;
}
