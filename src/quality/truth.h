// SPDX-License-Identifier: Apache-2.0
/* Labels by the id of what they belong to: what label files say, held together.
 *
 *     an id twice, the same label     the first counts, the second is `repeated`
 *     an id twice, another label      the later one counts, as a correction, and is `contradicting`: files come in the
 *                                     order of the hours that their folders are named by, lines as they stand
 *
 * Where labels came from their places say. Memory: about 100 bytes a label. */
#ifndef GD_QUALITY_TRUTH_H
#define GD_QUALITY_TRUTH_H

#include "captured/captured.h"
#include "quality/texts.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One of the distinct texts that stand for classes. */
typedef struct gd_truth_word {
    const char *file; /* of its first line */
    int64_t line;
    int32_t class; /* + 1, once it was found; 0: not yet */
} gd_truth_word;

typedef struct gd_truth_label {
    int32_t word; /* its number among `words` */
    bool late;    /* its folder's hour begins at the window's end or behind it */
    bool met;     /* a record has the id; and an answer to one picture: set by who finds one */
    bool answered;
} gd_truth_label;

typedef struct gd_truth {
    gd_texts ids, words, files;
    gd_truth_label *label; /* (ids.n), owned */
    gd_truth_word *word;   /* (words.n), owned */
    int64_t label_capacity, word_capacity;
    gd_captured_counts read; /* of lines and files */
    int64_t repeated, contradicting;
    gd_error contradiction; /* the first one, in words, with its place */
} gd_truth;

/* Of label files and folders (captured.h); `paths` ends with NULL. `to_ms`: the end of the window whose answers they
 * are for, in ms since 1970; 0: there is none, and no label is late. Owned by the caller until released, whatever
 * comes. gd_captured_open's errors; STOPPED. */
gd_status gd_truth_read(gd_truth *truth, const char *const *paths, int64_t to_ms, const volatile int *stop,
                        gd_error *error);
void gd_truth_release(gd_truth *truth); /* accepts {0} */

/* The label of an id; NULL: it has none. */
gd_truth_label *gd_truth_find(const gd_truth *truth, const char *id);

/* Which class a label's text is: a name; else its position as a whole number, "1" or "1.0". -1: neither. */
int gd_truth_class(const char *text, int n_classes, const char *const *classes);

#ifdef __cplusplus
}
#endif
#endif
