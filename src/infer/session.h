// SPDX-License-Identifier: Apache-2.0
/* What of a session only this program asks. */
#ifndef GD_INFER_SESSION_H
#define GD_INFER_SESSION_H

#include "griddle/infer.h"

/* gd_session_new, but loops are cut for that many threads, so that others can help the one that runs (base/team.h); a
 * clone's are, too. Bits do not depend on it. */
gd_status gd_session_new_cut(const gd_model *model, const gd_session_options *options, int threads,
                             gd_session **session, gd_error *error);

#endif
