// SPDX-License-Identifier: Apache-2.0
/* How many cores this process may keep busy: its affinity mask, and the quota of its control group (a container's). */
#ifndef GD_SERVE_CORES_H
#define GD_SERVE_CORES_H

int gd_cores(void); /* at least 1 */

#endif
