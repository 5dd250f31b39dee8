// SPDX-License-Identifier: Apache-2.0
/* This process among the ranks of a run: the collectives, and the watch. Whoever has started the ranks, a failure of
 * one ends all:
 *
 *     griddle train --procs N      the launcher watches, by dist/launch.h; GRIDDLE_WATCH says where it is, and on
 *                                  another host than that GRIDDLE_LEADER
 *     mpirun, srun, torchrun …     a thread of rank 0 watches; where it is goes round by the collectives' broadcast
 */
#ifndef GD_DIST_TEAM_H
#define GD_DIST_TEAM_H

#include "comm/comm.h"
#include "device/device.h"
#include "dist/member.h"
#include "dist/seat.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_team {
    gd_seat seat;
    const gd_comm *comm; /* NULL: alone */
    gd_member *member;   /* NULL: nobody watches */
    struct gd_team_watch *watch;
    const gd_comm *below; /* that NCCL's ranks find one another over; or NULL */
    volatile sig_atomic_t *stop;
    void (*log)(const char *folder, const char *text);
    char folder[4096], machine[1024], machine_name[256], address[64];
} gd_team;

/* First: reports to the launcher's watch, if there is one. `folder`: the run's; `stop`, `log`: as in gd_member_options.
 */
gd_status gd_team_join(gd_team *team, const gd_seat *seat, const char *folder, volatile sig_atomic_t *stop,
                       void (*log)(const char *folder, const char *text), gd_error *error);

/* Before gd_device_open_cuda: makes the card of this rank the first one that it sees. */
gd_status gd_team_choose_card(const gd_seat *seat, gd_error *error);

/* Meets the other ranks; rank 0 begins to watch where nobody does. UNSUPPORTED, DEVICE as gd_mpi_open, gd_nccl_open. */
gd_status gd_team_connect(gd_team *team, const gd_device *device, gd_error *error);

/* Leaves. All ranks do so with the same status, unless one has failed alone and ended the others by gd_member_tell. Of
 * a failure the watch says why and ends all ranks: then this does not return. `code`: what the process is going to exit
 * with. */
void gd_team_close(gd_team *team, gd_status status, int code, const gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
