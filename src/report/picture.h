// SPDX-License-Identifier: Apache-2.0
/* A picture within a page. */
#ifndef GD_REPORT_PICTURE_H
#define GD_REPORT_PICTURE_H

#include "base/text.h"
#include "monitor/gallery.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Appends "data:image/png;base64,…". INVALID for a size that no exhibit has; NOMEM. Thread-safe. */
gd_status gd_picture_print(const gd_exhibit *exhibit, gd_text *out, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
