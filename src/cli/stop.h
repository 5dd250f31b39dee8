// SPDX-License-Identifier: Apache-2.0
/* Signals that ask a command to stop. */
#ifndef GD_CLI_STOP_H
#define GD_CLI_STOP_H

#include <signal.h>
#include <stdbool.h>

/* What signals have come. */
typedef struct gd_stop {
    volatile sig_atomic_t signal, count; /* the first one, and how many */
} gd_stop;

/* From now on SIGINT, SIGTERM and SIGHUP are noted there: the process's one. `second_ends`: and a second one ends it.
 */
gd_stop *gd_stop_catch(bool second_ends);

#endif
