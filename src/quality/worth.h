// SPDX-License-Identifier: Apache-2.0
/* What is worth a person's look, so that the next training knows better: pictures answered wrong, the surest first (a
 * hard picture, or a wrong label), and pictures without a label that were answered least surely, by margin. Of each so
 * many, and no picture twice.
 *
 *     going through captures     gd_worth_offer each record                what is kept is where it stands, no picture
 *     going through again        gd_worth_write                            only the files that hold something
 *
 *     DIR/worth.jsonl            a line each: id, place, time, label, answer, confidence, margin, why, file
 *     DIR/wrong/LABEL/ID.png     a folder per class, as `griddle stage` reads it
 *     DIR/unsure/ANSWER/ID.png   for a person to sort
 *
 * PNG and JPEG files are copied byte for byte; what else is a picture (base64 in JSON, NumPy's arrays) becomes a PNG. A
 * folder that is there already may hold somebody's sorting and is never touched. Folders appear whole or not at all. */
#ifndef GD_QUALITY_WORTH_H
#define GD_QUALITY_WORTH_H

#include "captured/captured.h"
#include "monitor/profile.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_WORTH_MOST = 10000 };

typedef struct gd_pick {
    char *id, *file; /* owned, together */
    int64_t line, time_ms;
    int label; /* -1: none */
    int answer;
    float confidence, margin; /* confidence NaN: the answer was a class alone */
    uint64_t digest;          /* of the body as it stands; 0: there is none */
} gd_pick;

typedef struct gd_picks {
    int most, n;
    gd_pick *at; /* (most) the worthiest first; of equally worthy ones the earlier */
} gd_picks;

typedef struct gd_worth {
    gd_picks wrong, unsure;
    int64_t n_wrong, n_unsure; /* offered */
} gd_worth;

/* `most` of each, 0 to GD_WORTH_MOST. Owned by the caller until released. NOMEM. */
gd_status gd_worth_init(gd_worth *worth, int most, gd_error *error);
void gd_worth_release(gd_worth *worth); /* accepts {0} */

/* Of what was captured: id, time, place and body are the record's. `label` -1: it has none. No matter here are right
 * answers, and classes alone without a label, of which nothing says how sure they are. NOMEM. */
gd_status gd_worth_offer(gd_worth *worth, const gd_captured_record *record, const char *id, int label,
                         const gd_answer_figures *answer, gd_error *error);

/* ---- as files ---- */

typedef struct gd_worth_files {
    int wrong, unsure; /* pictures written */
    int64_t broken;    /* bodies that are no picture, or gone */
    gd_error first;    /* of them */
} gd_worth_files;

/* INVALID where DIR/wrong or DIR/unsure is there already: before the work. */
gd_status gd_worth_check(const char *folder, gd_error *error);

/* `captured`: the window that they were offered from. The folder is there. IO; NOMEM. */
gd_status gd_worth_write(const gd_worth *worth, const char *folder, const char *const *classes,
                         const gd_captured_options *captured, gd_worth_files *written, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
