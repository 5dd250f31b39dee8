// SPDX-License-Identifier: Apache-2.0
/* What of a session only this program asks. */
#ifndef GD_INFER_SESSION_H
#define GD_INFER_SESSION_H

#include "griddle/infer.h"

/* From its next run on loops are cut for that many threads, so that others can help the one that runs (base/team.h);
 * for 1 thread, as at first, they are not. Bits do not depend on it. */
void gd_session_cut(gd_session *session, int threads);

#endif
