// SPDX-License-Identifier: Apache-2.0
#include "serve/handover.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE = 5 /* seconds for an answer */ };
static const char READY = 'r';

enum { SUFFIX = 12 }; /* of the name that a new socket has at first: a dot and a process's number */

static gd_status name(const char *path, const char *suffix, struct sockaddr_un *at, gd_error *error)
{
    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) + SUFFIX >= sizeof at->sun_path)
        return gd_fail(error, GD_INVALID, "'%s' is %zu characters long where a socket's path has at most %zu here",
                       path, strlen(path), sizeof at->sun_path - SUFFIX - 1);
    memcpy(at->sun_path, path, strlen(path));
    memcpy(at->sun_path + strlen(path), suffix, strlen(suffix));
    return GD_OK;
}

/* Root, and who runs this process. */
static bool is_ours(int connection)
{
    struct ucred who;
    socklen_t bytes = sizeof who;
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &who, &bytes) == 0 && (who.uid == 0 || who.uid == geteuid());
}

union control { /* aligned as a header wants it */
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static bool send_socket(int connection, int socket)
{
    char byte = 's';
    struct iovec part = {&byte, 1};
    union control control = {0};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &socket, sizeof socket);
    return sendmsg(connection, &message, MSG_NOSIGNAL) == 1;
}

static int receive_socket(int connection)
{
    char byte;
    int socket = -1;
    struct iovec part = {&byte, 1};
    union control control = {0};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) != 1)
        return -1;
    const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
        head->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&socket, CMSG_DATA(head), sizeof socket);
    return socket;
}

gd_status gd_handover_ask(gd_handover *h, const char *path, int *socket_out, gd_error *error)
{
    struct sockaddr_un at;
    struct stat file;
    const struct timeval patience = {PATIENCE, 0};
    *h = (gd_handover){.path = path, .predecessor = -1, .door = -1, .socket = -1, .successor = {-1, -1, -1, -1}};
    *socket_out = -1;
    GD_TRY(name(path, "", &at, error));
    if (lstat(path, &file) != 0)
        return GD_OK;
    if (!S_ISSOCK(file.st_mode))
        return gd_fail(error, GD_IO, "'%s' is there, and no socket", path);
    const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0)
        return gd_fail(error, GD_IO, "cannot make a socket: %s", strerror(errno));
    if (connect(connection, (struct sockaddr *)&at, sizeof at) != 0) {
        const int why = errno;
        close(connection);
        if (why == ECONNREFUSED || why == ENOENT) /* left by a process that was killed */
            return GD_OK;
        return gd_fail(error, GD_IO, "cannot connect to '%s': %s", path, strerror(why));
    }
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    *socket_out = is_ours(connection) ? receive_socket(connection) : -1;
    if (*socket_out < 0) {
        close(connection);
        return gd_fail(error, GD_IO, "who serves at '%s' gave no socket: is it another user's?", path);
    }
    h->predecessor = connection;
    return GD_OK;
}

gd_status gd_handover_take(gd_handover *h, int listening, gd_error *error)
{
    struct sockaddr_un at;
    struct stat file;
    char suffix[SUFFIX + 1];
    snprintf(suffix, sizeof suffix, ".%d", (int)getpid());
    GD_TRY(name(h->path, suffix, &at, error));
    unlink(at.sun_path); /* left by a process that was killed */
    h->door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Linux gives the file this mode; a umask would be other threads' too */
    if (h->door < 0 || fchmod(h->door, 0600) != 0 || bind(h->door, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(h->door, GD_SUCCESSORS) != 0 || rename(at.sun_path, h->path) != 0) {
        const int why = errno;
        unlink(at.sun_path);
        return gd_fail(error, GD_IO, "cannot offer a handover at '%s': %s", h->path, strerror(why));
    }
    h->socket = listening;
    if (lstat(h->path, &file) == 0) {
        h->device = file.st_dev;
        h->inode = file.st_ino;
    }
    if (h->predecessor >= 0 && write(h->predecessor, &READY, 1) != 1) {
        close(h->predecessor); /* it is gone already */
        h->predecessor = -1;
    }
    return GD_OK;
}

int gd_handover_files(const gd_handover *h, int *files)
{
    int n = 0;
    if (!h->path || h->door < 0)
        return 0;
    files[n++] = h->door;
    for (int i = 0; i < GD_SUCCESSORS; i++) {
        if (h->successor[i] >= 0)
            files[n++] = h->successor[i];
    }
    return n;
}

bool gd_handover_is_given(const gd_handover *h)
{
    for (int i = 0; h->path && i < GD_SUCCESSORS; i++) {
        if (h->successor[i] >= 0)
            return true;
    }
    return false;
}

static void welcome(gd_handover *h)
{
    const int connection = accept4(h->door, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0)
        return;
    int free_one = 0;
    while (free_one < GD_SUCCESSORS && h->successor[free_one] >= 0)
        free_one++;
    if (free_one < GD_SUCCESSORS && is_ours(connection) && send_socket(connection, h->socket))
        h->successor[free_one] = connection;
    else
        close(connection);
}

bool gd_handover_serve(gd_handover *h, int file)
{
    char byte = 0;
    if (file == h->door) {
        welcome(h);
        return false;
    }
    const ssize_t n = read(file, &byte, 1);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n == 1 && byte == READY)
        return true;
    for (int i = 0; i < GD_SUCCESSORS; i++) { /* it has ended without having been ready */
        if (h->successor[i] == file) {
            close(file);
            h->successor[i] = -1;
        }
    }
    return false;
}

void gd_handover_release(gd_handover *h)
{
    struct stat file;
    if (!h->path)
        return;
    if (h->door >= 0 && lstat(h->path, &file) == 0 && file.st_dev == h->device && file.st_ino == h->inode)
        unlink(h->path);
    for (int i = 0; i < GD_SUCCESSORS; i++) {
        if (h->successor[i] >= 0)
            close(h->successor[i]);
    }
    if (h->door >= 0)
        close(h->door);
    if (h->predecessor >= 0)
        close(h->predecessor);
    *h = (gd_handover){0};
}
