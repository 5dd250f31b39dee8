// SPDX-License-Identifier: Apache-2.0
/* Staging: from the config's source, wherever it is, to a staged set. */
#ifndef GD_DATA_STAGE_H
#define GD_DATA_STAGE_H

#include "data/cache.h"
#include "data/source.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the staged set of `staging` (gd_staging_find), unless it is there and current: *fresh tells. Fetches what is
 * remote and verifies data.sha256. `watch` may be NULL. The set appears whole or not at all; two processes that stage
 * to one folder wait for each other. Errors: gd_fetch's, gd_files_list's, the readers', the sink's; INVALID for a
 * data.format that the source has not. */
gd_status gd_stage(const gd_config *config, const gd_staging *staging, const gd_stage_watch *watch, bool *fresh,
                   gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
