// SPDX-License-Identifier: Apache-2.0
#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096 /* the system takes less where net.core.somaxconn says so */ };

static int open_one(const struct addrinfo *at)
{
    const int on = 1;
    const int s = socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, at->ai_protocol);
    if (s < 0)
        return -1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* connections of an earlier process may linger */
    if (bind(s, at->ai_addr, at->ai_addrlen) == 0 && listen(s, BACKLOG) == 0)
        return s;
    const int why = errno;
    close(s);
    errno = why;
    return -1;
}

gd_status gd_listen(const char *host, int port, int *socket, gd_error *error)
{
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    *socket = -1;
    const int code = getaddrinfo(host, service, &hints, &found);
    if (code != 0)
        return gd_fail(error, GD_INVALID, "host '%s' is no address of this machine: %s", host, gai_strerror(code));
    for (const struct addrinfo *at = found; at && *socket < 0; at = at->ai_next)
        *socket = open_one(at);
    const int why = errno;
    freeaddrinfo(found);
    if (*socket >= 0)
        return GD_OK;
    return gd_fail(error, GD_IO, "cannot listen on %s, port %d: %s%s", host, port, strerror(why),
                   why == EADDRINUSE ? "; name another port, or 0 for any that is free" : "");
}

gd_status gd_listen_inherit(int *socket, gd_error *error)
{
    enum { FIRST = 3 };
    const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
    int accepting = 0;
    socklen_t bytes = sizeof accepting;
    *socket = -1;
    if (!pid || !n || strtol(pid, NULL, 10) != getpid())
        return GD_OK;
    if (strcmp(n, "1") != 0)
        return gd_fail(error, GD_INVALID, "LISTEN_FDS is '%s' where one socket is wanted", n);
    if (getsockopt(FIRST, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &bytes) != 0 || !accepting)
        return gd_fail(error, GD_INVALID, "LISTEN_FDS says that file %d is a socket that listens, but it is none",
                       FIRST);
    fcntl(FIRST, F_SETFD, FD_CLOEXEC);
    fcntl(FIRST, F_SETFL, fcntl(FIRST, F_GETFL) | O_NONBLOCK);
    *socket = FIRST;
    return GD_OK;
}

const char *gd_listen_name(int socket, char *text, size_t bytes)
{
    struct sockaddr_storage at = {0};
    socklen_t length = sizeof at;
    char host[64] = "?", port[16] = "?";
    getsockname(socket, (struct sockaddr *)&at, &length);
    getnameinfo((struct sockaddr *)&at, length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(text, bytes, at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    return text;
}
