// SPDX-License-Identifier: Apache-2.0
#include "dist/line.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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
    const int on = 1;
    const unsigned milliseconds = (unsigned)(GD_SILENCE_SECONDS * 1000);
    fcntl(socket, F_SETFD, FD_CLOEXEC);
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
}
