// SPDX-License-Identifier: Apache-2.0
/* One picture and idle cores: is a network's work on it done sooner where workers that have nothing to do take pieces
 * of it? That depends on the network, on the cores, and on what else runs on them; so it is asked by doing both, the
 * one that was faster nearly always, the other now and then. The answer is the same bits. */
#ifndef GD_SERVE_LONE_H
#define GD_SERVE_LONE_H

#include "base/team.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_LONE_HELPERS = 7 /* beyond these, steps are too short to be cut further */, GD_LONE_TRIES = 256 };

/* How many of so many workers may help the one that computes: none may stand in its way. */
int gd_lone_helpers(int workers, int cores);

typedef struct gd_lone {
    gd_team team;
    unsigned turns;
    uint64_t alone, helped; /* ns a picture took of late; 0: not known yet */
} gd_lone;                  /* zeroed at first; any thread */

/* Whether the next picture is to be helped with: one of GD_LONE_TRIES is what is not better. */
bool gd_lone_wants_help(gd_lone *lone);

/* What it took. */
void gd_lone_note(gd_lone *lone, bool helped, uint64_t ns);

#ifdef __cplusplus
}
#endif
#endif
