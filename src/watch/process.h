// SPDX-License-Identifier: Apache-2.0
/* A program that is started, given something to read, and not waited for longer than it may take. */
#ifndef GD_WATCH_PROCESS_H
#define GD_WATCH_PROCESS_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_process {
    const char *const *words;       /* program with its path, and arguments; ends with NULL */
    const char *const *environment; /* "NAME=value" beside and before this process's own; ends with NULL */
    const char *input;              /* its standard input, a text */
    double seconds;                 /* that it may take */
    const volatile int *stop;       /* (optional) not 0: it ends now */
} gd_process;

/* Runs it in a process group of its own, its standard output being our standard error. Whoever takes longer is asked to
 * end (SIGTERM), and half a second later killed, with all of its group. IO where it cannot be started, ends with
 * another code than 0, or had to be ended; STOPPED. Thread-safe. */
gd_status gd_process_run(const gd_process *process, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
