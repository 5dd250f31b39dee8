// SPDX-License-Identifier: Apache-2.0
/* How several ranks come to begin alike. */
#ifndef GD_TRAIN_SHARE_H
#define GD_TRAIN_SHARE_H

#include "train/checkpoint.h"

/* Collective. All ranks take over where rank 0 stands: its state, its planes. So a checkpoint need lie on rank 0's disk
 * only. INVALID on all where one has another config, other images (`data`) or other sums in its plan than rank 0. */
gd_status gd_train_share(const gd_comm *comm, const gd_train_set *set, gd_train_state *state, const gd_config *config,
                         const char *data, gd_error *error);

#endif
