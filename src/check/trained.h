// SPDX-License-Identifier: Apache-2.0
/* Which pictures a run was trained on: a model is over-confident on what it has seen, so a baseline must not be made of
 * those. They are told by what the network reads of them, byte for byte, wherever they lie now and whatever they are
 * called.
 */
#ifndef GD_CHECK_TRAINED_H
#define GD_CHECK_TRAINED_H

#include "data/staged.h"
#include "griddle/image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_trained {
    int height, width, channels;
    int64_t n;
    uint64_t *digest; /* (n), owned, ascending: of the rows */
} gd_trained;

/* Of the rows (n) of a staged set. Owned by the caller until released. NOMEM. */
gd_status gd_trained_init(gd_trained *trained, const gd_images *images, const int64_t *rows, int64_t n,
                          gd_error *error);
void gd_trained_release(gd_trained *trained); /* accepts {0} */

/* Whether it was trained on: a picture of any size, with as many channels. INVALID, NOMEM. */
gd_status gd_trained_has(const gd_trained *trained, const gd_image *picture, bool *has, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
