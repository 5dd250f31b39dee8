// SPDX-License-Identifier: Apache-2.0
/* Between the sink and the writer of a staged set: all that is known once the last image has come. */
#ifndef GD_DATA_SOURCE_SET_H
#define GD_DATA_SOURCE_SET_H

#include "data/source.h"

typedef struct gd_item {
    gd_part part;
    int label;
    int channels; /* 1 or 3, as spooled */
    int64_t order;
    int64_t offset; /* of its pixels in the spool */
    const char *name;
} gd_item;

typedef struct gd_staged_draft {
    gd_arena arena;
    const gd_data_config *data;
    int n_classes;
    const char *const *classes; /* as staged */
    int height, width;          /* of every image */
    int64_t n;
    gd_item *items;       /* (n); as they came */
    const uint8_t *spool; /* pixels */
    int64_t n_rejected;
    gd_attr *rejected; /* list of maps {file, reason}; NULL: none */
    const char *first_rejected;
} gd_staged_draft;

/* Orders the items, draws the test split if there is to be one, computes mean and deviation, writes. */
gd_status gd_staged_write(const char *path, gd_staged_draft *draft, const char *source, const char *settings,
                          gd_error *error);

#endif
