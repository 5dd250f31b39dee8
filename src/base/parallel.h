// SPDX-License-Identifier: Apache-2.0
/* Parallel loops. Which pool runs them is a choice of the build: OpenMP in the program, so that oneDNN and our loops
 * share ONE pool (parallel_omp.c); the calling thread in the inference library (parallel_serial.c), and
 * who helps it, where it leads a team (team.h). */
#ifndef GD_BASE_PARALLEL_H
#define GD_BASE_PARALLEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Calls body(argument, begin, end) over [0, n) in pieces of exactly `grain` (the last may be shorter), on up to
 * `threads` threads. Which thread takes which piece is not defined; the cut into pieces is, and it does not depend
 * on the number of threads: a reduction that keeps one partial result a piece gives the same bits on any number. */
void gd_parallel_for(int threads, int64_t n, int64_t grain, void (*body)(void *argument, int64_t begin, int64_t end),
                     void *argument);

/* How many threads this process may use: the affinity mask, and OMP_NUM_THREADS where it is smaller. At least 1. */
int gd_parallel_threads(void);

/* Makes it that many, from now on: for a process that shares its machine with others of a run. */
void gd_parallel_limit(int threads);

#ifdef __cplusplus
}
#endif
#endif
