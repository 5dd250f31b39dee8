// SPDX-License-Identifier: Apache-2.0
/* The card that this process computes on. */
#ifndef GD_CUDA_CARD_H
#define GD_CUDA_CARD_H

#include "base/status.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_card {
    char name[256];
    int sm; /* 70, 75, 80 … */
    int multiprocessors;
    int cards;           /* that this process sees */
    size_t shared_bytes; /* that a block may have, asked for at its launch */
    size_t memory_bytes;
    int driver, runtime; /* 12090: 12.9 */
} gd_card;

/* Finds the first card, once a process. UNSUPPORTED: there is no driver; DEVICE: it or the card is of no use, and why.
 */
gd_status gd_card_open(gd_error *error);

/* After gd_card_open. */
const gd_card *gd_card_get(void);

#ifdef __cplusplus
}
#endif
#endif
