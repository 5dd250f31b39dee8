// SPDX-License-Identifier: Apache-2.0
/* A record as a line of JSON in the managed service's format; capture.h shows it. */
#ifndef GD_SERVE_CAPTURE_LINE_H
#define GD_SERVE_CAPTURE_LINE_H

#include "base/text.h"
#include "serve/capture.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Appends the line and its newline; of the options it reads input, output, figures and the two lists of types. Bodies
 * have a 0 behind their last byte. */
void gd_capture_line(gd_text *text, const gd_capture_options *options, const gd_capture_record *record);

#ifdef __cplusplus
}
#endif
#endif
