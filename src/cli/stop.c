// SPDX-License-Identifier: Apache-2.0
#include "cli/stop.h"

#include <stddef.h>
#include <unistd.h>

static gd_stop stop; /* the only way in from a handler */
static volatile sig_atomic_t alone;

static void on_signal(int number)
{
    if (stop.count++ && alone)
        _exit(128 + number); /* a second one will not wait */
    if (!stop.signal)
        stop.signal = number;
}

gd_stop *gd_stop_catch(bool second_ends)
{
    struct sigaction action = {.sa_handler = on_signal};
    alone = second_ends;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    struct sigaction hangup;
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) /* nohup's wish is kept */
        sigaction(SIGHUP, &action, NULL);
    return &stop;
}
