// SPDX-License-Identifier: Apache-2.0
#include "dist/line.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool gd_lines_receive(gd_lines *lines, int socket)
{
    memmove(lines->text, lines->text + lines->taken, (size_t)(lines->used - lines->taken));
    lines->used -= lines->taken;
    lines->taken = 0;
    size_t room = sizeof lines->text - (size_t)lines->used;
    if (room == 0)
        return memchr(lines->text, '\n', sizeof lines->text) != NULL;
    ssize_t n = recv(socket, lines->text + lines->used, room, MSG_DONTWAIT);
    if (n > 0)
        lines->used += (int)n;
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

const char *gd_lines_next(gd_lines *lines)
{
    char *line = lines->text + lines->taken;
    char *end = memchr(line, '\n', (size_t)(lines->used - lines->taken));
    if (!end)
        return NULL;
    *end = '\0';
    lines->taken = (int)(end + 1 - lines->text);
    return line;
}

bool gd_line_is(const char *line, const char *word, int n, long long *numbers, const char **rest)
{
    size_t length = strlen(word);
    const char *at = line + length;
    if (strncmp(line, word, length) != 0 || (*at != ' ' && *at != '\0'))
        return false;
    for (int i = 0; i < n; i++) {
        char *end;
        errno = 0;
        numbers[i] = strtoll(at, &end, 10);
        if (end == at || errno != 0 || (*end != ' ' && *end != '\0'))
            return false;
        at = end;
    }
    at += strspn(at, " ");
    if (rest)
        *rest = at;
    return rest || *at == '\0';
}

void gd_line_send(int socket, const char *format, ...)
{
    char line[GD_LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    n = n < (int)sizeof line - 1 ? n : (int)sizeof line - 2;
    for (char *at = line; (at = strchr(at, '\n'));)
        *at = ' ';
    line[n++] = '\n';
    (void)!send(socket, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void gd_socket_tune(int socket)
{
    const int on = 1, idle = 2,
              interval = 1; /* seconds, of silence before the system asks, and between two questions */
    const unsigned milliseconds = (unsigned)(GD_SILENCE_SECONDS * 1000);
    fcntl(socket, F_SETFD, FD_CLOEXEC);
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
    setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
}

/* A machine may have addresses that lead nowhere: none is waited for long. */
static int connect_to(const struct addrinfo *at)
{
    enum { PATIENCE_MS = 3000 };
    int reason = 0, to = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t length = sizeof reason;
    if (to < 0)
        return -1;
    struct pollfd ready = {.fd = to, .events = POLLOUT};
    if ((connect(to, at->ai_addr, at->ai_addrlen) == 0 || errno == EINPROGRESS) && poll(&ready, 1, PATIENCE_MS) == 1 &&
        getsockopt(to, SOL_SOCKET, SO_ERROR, &reason, &length) == 0 && reason == 0)
        return to;
    close(to);
    return -1;
}

int gd_socket_connect(const char *machines, const char *port)
{
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    char names[1024], *rest = NULL;
    int socket = -1;
    snprintf(names, sizeof names, "%s", machines);
    for (char *name = strtok_r(names, " ", &rest); name && socket < 0; name = strtok_r(NULL, " ", &rest)) {
        struct addrinfo *found = NULL;
        if (getaddrinfo(name, port, &hints, &found) != 0)
            continue;
        for (struct addrinfo *at = found; at && socket < 0; at = at->ai_next)
            socket = connect_to(at);
        freeaddrinfo(found);
    }
    if (socket >= 0)
        gd_socket_tune(socket);
    return socket;
}

void gd_socket_part(int socket)
{
    enum { PATIENCE_MS = 2000 };
    char unread[256];
    const double begun = gd_seconds();
    shutdown(socket, SHUT_WR);
    while (gd_seconds() - begun < PATIENCE_MS / 1000.0) {
        struct pollfd ready = {.fd = socket, .events = POLLIN};
        if (poll(&ready, 1, PATIENCE_MS) != 1 || recv(socket, unread, sizeof unread, MSG_DONTWAIT) <= 0)
            break;
    }
    close(socket);
}
