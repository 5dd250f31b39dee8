// SPDX-License-Identifier: Apache-2.0
/* Where a batch's pictures come from: the PNG and JPEG files below a folder, by path in the order of bytes, or the
 * lines of a file (predict_line.h), or of standard input.
 *
 * Taking an item and making sense of it are apart: the first is done in order, the second by many threads at once. Of
 * lines one is in memory per item, and of a folder the names of its files.
 */
#ifndef GD_CLI_PREDICT_INPUT_H
#define GD_CLI_PREDICT_INPUT_H

#include "cli/predict_line.h"

#include <signal.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Most bytes of a line: of a file in base64, three quarters. */
enum { GD_INPUT_LINE = 32 << 20 };

typedef struct gd_input gd_input;

/* What was taken, before anything is known of it. */
typedef struct gd_input_item {
    int64_t number;   /* from 1: of the file in its folder, of the line in its file */
    const char *file; /* below the folder, the input's; NULL: a line */
    gd_text line;     /* room for one, used again and again */
    bool too_long;    /* the line was, and is not here */
} gd_input_item;      /* {0} is an empty one; gd_text_release(&item.line) in the end */

/* `name`: a folder, a file, or "-". When `*stop` is not 0, whatever is still to come is the end. INVALID where a folder
 * has no picture; IO. */
gd_status gd_input_open(const char *name, const volatile sig_atomic_t *stop, gd_input **input, gd_error *error);
void gd_input_close(gd_input *input); /* accepts NULL */

/* Takes the next item; `*more` false: there is none. Blank lines are passed over. */
gd_status gd_input_take(gd_input *input, gd_input_item *item, bool *more, gd_error *error);

/* As gd_line_read. Any thread. */
gd_status gd_input_read(const gd_input *input, const gd_input_item *item, gd_arena *arena, gd_asked *asked,
                        gd_text *begin, gd_error *error);

/* How many items there are, or -1; which part of them has been taken, 0 to 1, or -1: not known. */
int64_t gd_input_count(const gd_input *input);
double gd_input_part(const gd_input *input);

/* Whether that path leads to the file that is read. */
bool gd_input_is(const gd_input *input, const char *path);

#ifdef __cplusplus
}
#endif
#endif
