// SPDX-License-Identifier: Apache-2.0
/* How the ranks of one machine share its processors, and its cards. */
#ifndef GD_DIST_SHARE_H
#define GD_DIST_SHARE_H

#include "dist/seat.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_share {
    int first, cpus; /* of the processors that this process was given, in order; cpus 0: leave them as they are */
    int threads;     /* to compute with; 0: leave it as it is */
    char note[200];  /* what the user should know; "": nothing */
} gd_share;

/* `given`: how many processors this process may use; `machine`: how many there are; `wanted`: threads that the user
 * asks for by OMP_NUM_THREADS, or 0.
 *
 * A launcher that binds its ranks has shared the processors out already. Where all of them are given to every rank,
 * each takes its own part, neighbours in the numbering and so mostly neighbours in the machine, if that is more than
 * one. */
gd_share gd_share_of(const gd_seat *seat, int given, int machine, int wanted);

/* Takes it: binds the calling thread and what it will start, and limits the threads of parallel loops. */
void gd_share_take(const gd_seat *seat, gd_share *share);

/* Which cards this rank may see, where several ranks share a machine: as CUDA_VISIBLE_DEVICES has them. `visible`: that
 * variable as it is, or NULL. INVALID where there are fewer cards than ranks. A list of one card is a launcher's that
 * has shared them out. */
gd_status gd_share_card(const gd_seat *seat, const char *visible, char card[64], gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
