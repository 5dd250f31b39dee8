// SPDX-License-Identifier: Apache-2.0
/* A team: a thread that leads, and others, idle for the moment, that take pieces of its loops. It has no threads of its
 * own; who helps spins, and so looks for work within a microsecond, which a small network's steps need: they take ten.
 *
 *     leader   gd_team_lead ─ gd_parallel_for ─ gd_parallel_for ─ … ─ gd_team_leave
 *     helpers        gd_team_help: a piece, a piece, … until the leader leaves, or they are wanted elsewhere
 */
#ifndef GD_BASE_TEAM_H
#define GD_BASE_TEAM_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void gd_team_body(void *argument, int64_t begin, int64_t end);

/* Zeroed: nobody leads. All fields atomic: helpers may look at a loop that is over, and are told by the ticket. */
typedef struct gd_team {
    int led;
    uint64_t ticket; /* the loop's number, 32 bits, and its first piece that nobody has taken */
    uint64_t done;   /* pieces of this loop */
    gd_team_body *body;
    void *argument;
    int64_t n, grain, pieces;
} gd_team;

/* From here to gd_team_leave the calling thread's loops are the team's. False: another thread leads. */
bool gd_team_lead(gd_team *team);
void gd_team_leave(void);

/* Takes pieces until nobody leads, or `wanted(context)`, which is asked in between. */
void gd_team_help(gd_team *team, bool (*wanted)(void *context), void *context);

/* gd_parallel_for's loop, by the team that the calling thread leads. False: it leads none. */
bool gd_team_for(int64_t n, int64_t grain, gd_team_body *body, void *argument);

#ifdef __cplusplus
}
#endif
#endif
