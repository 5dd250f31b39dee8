// SPDX-License-Identifier: Apache-2.0
/* The launcher of a host that does not lead: starts and ends ranks as the one that leads says (dist/hosts.h). */
#ifndef GD_DIST_FOLLOW_H
#define GD_DIST_FOLLOW_H

#include "dist/launch.h"

/* Until the run has ended, or who leads is gone, with no rank left here. As gd_launch. */
gd_status gd_follow(const gd_launch_options *options, int *code, gd_error *error);

#endif
