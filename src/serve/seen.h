// SPDX-License-Identifier: Apache-2.0
/* What a worker saw of a request as JSON, for the capture, so that a monitor need not decode again:
 *
 *     {"pictures":[{"brightness":0.5,"contrast":0.2,…,"format":"jpeg","bytes":2801,"quality":90,"features":[0.1,…]}]}
 *
 * Figures by the names of image/figures.h; hue only where there is colour. format, bytes and quality, of data/decode.h,
 * where the body was one encoded file; quality only where a JPEG says it. features where the network has them. */
#ifndef GD_SERVE_SEEN_H
#define GD_SERVE_SEEN_H

#include "serve/hosted.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Appends. `body` as it was received. */
void gd_seen_write(gd_text *text, const gd_seen *seen, const void *body, size_t body_bytes);

#ifdef __cplusplus
}
#endif
#endif
