// SPDX-License-Identifier: Apache-2.0
/* What ranks do so that a fault of one is a fault of all: told once, and nobody left waiting. Not in the inference
 * library. `comm` may be NULL: alone. */
#ifndef GD_COMM_AGREE_H
#define GD_COMM_AGREE_H

#include "comm/comm.h"

/* Collective. OK where every rank comes with OK. Else all return the error of the first that does not, with its rank
 * and host before the message where others had none. Rank 0 tells the user. */
gd_status gd_comm_agree(const gd_comm *comm, gd_status status, gd_error *error);

/* Ends all ranks for an error that the others do not know of. Who has only heard from another rank, or from rank 0 what
 * rank 0 has noticed itself, gives that one the time to speak: then one message is all there is. */
void gd_comm_give_up(const gd_comm *comm, const gd_error *error);

#endif
