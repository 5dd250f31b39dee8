// SPDX-License-Identifier: Apache-2.0
#include "serve/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum {
    AT_ONCE = 16,  /* accepted before room is asked for again */
    PAUSE_MS = 10, /* where there is none */
    LAST = 256,    /* times that at the end those are taken whom the system has connected already */
};

/* How many; -1: the process has no more files, or the system no memory. */
static int accept_some(gd_acceptor *a)
{
    int n = 0;
    while (n < AT_ONCE) {
        struct sockaddr_storage address;
        socklen_t length = sizeof address;
        const int s = accept4(a->socket, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (s >= 0) {
            a->take(a->context, s, (struct sockaddr *)&address, length);
            n++;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            return -1;
        } else if (errno == EAGAIN) {
            break;
        } /* else one that is gone already */
    }
    return n;
}

static void *run(void *argument)
{
    gd_acceptor *a = argument;
    bool open = true;
    for (;;) {
        open = open && a->has_room(a->context);
        struct pollfd at[] = {{a->stop[0], POLLIN, 0}, {a->socket, POLLIN, 0}};
        const int n = poll(at, open ? 2 : 1, open ? -1 : PAUSE_MS);
        if (n > 0 && at[0].revents)
            return NULL;
        open = n <= 0 || accept_some(a) >= 0;
    }
}

gd_status gd_acceptor_start(gd_acceptor *a, gd_error *error)
{
    if (pipe2(a->stop, O_CLOEXEC) != 0)
        return gd_fail(error, GD_IO, "cannot open a pipe: %s", strerror(errno));
    a->started = pthread_create(&a->thread, NULL, run, a) == 0;
    if (a->started)
        return GD_OK;
    close(a->stop[0]);
    close(a->stop[1]);
    return gd_fail(error, GD_NOMEM, "cannot start a thread that accepts connections");
}

/* Who asks for a connection (a segment with SYN) is not heard, as if the network had lost it: a client asks again, and
 * is refused when the socket is closed. Who has been answered already comes in. */
static void turn_away(int socket)
{
    enum { FLAGS = 13, SYN = 2 }; /* RFC 9293, 3.1 */
    static struct sock_filter code[] = {
        {BPF_LD | BPF_B | BPF_ABS, 0, 0, FLAGS},
        {BPF_JMP | BPF_JSET | BPF_K, 0, 1, SYN},
        {BPF_RET | BPF_K, 0, 0, 0},
        {BPF_RET | BPF_K, 0, 0, UINT32_MAX},
    };
    const struct sock_fprog program = {sizeof code / sizeof *code, code};
    setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

void gd_acceptor_stop(gd_acceptor *a, gd_socket_fate fate)
{
    if (!a->started)
        return;
    if (fate == GD_SOCKET_CLOSES)
        turn_away(a->socket);
    a->started = false;
    close(a->stop[1]);
    pthread_join(a->thread, NULL);
    close(a->stop[0]);
    for (int i = 0; fate != GD_SOCKET_STAYS && i < LAST && a->has_room(a->context) && accept_some(a) > 0; i++) {
    }
}
