// SPDX-License-Identifier: Apache-2.0
/* Captures, read: what serve/capture.h writes, and files of the managed service that it took the format from, record by
 * record in the order of time; label files likewise. What stands in memory is one line and what it says, so a year
 * takes no more than an hour.
 *
 *     gd_captured_open(&(gd_captured_options){.paths = paths, .from_ms = from, .to_ms = to}, &captured, error)
 *     while (gd_captured_next(captured, &record, error) == GD_OK && record)
 *         …
 *     gd_captured_count(captured)->broken …
 *
 * A path is a folder (captured/files.h says which files of it, in which order), a file, or "-" for standard input; any
 * of them may be gzip'ed. A broken line costs itself only: it is counted, and the first few are said, with their place.
 * A last line without a newline counts where it is whole; half of one is left out, as its writer may be at it. */
#ifndef GD_CAPTURED_CAPTURED_H
#define GD_CAPTURED_CAPTURED_H

#include "base/status.h"
#include "image/figures.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of one record. */
enum {
    GD_CAPTURED_LINE = 40 << 20, /* bytes: a body of 25 MB in base64, with what is around it */
    GD_CAPTURED_PICTURES = 4096,
    GD_CAPTURED_CLASSES = 65536,
    GD_CAPTURED_FEATURES = 65536,
    GD_CAPTURED_NUMBERS = 1 << 20, /* probabilities of all pictures together; features, too */
    GD_CAPTURED_ATTRIBUTES = 64,
    GD_CAPTURED_COMPLAINTS = 8 /* that are said, of a whole reading */
};

typedef struct gd_captured_options {
    const char *const *paths; /* ends with NULL; borrowed, as are its texts */
    int64_t from_ms, to_ms;   /* of inferenceTime, since 1970: [from, to); a `to` of 0: no end */
    size_t line_bytes;        /* longer lines are broken; 0: GD_CAPTURED_LINE */
} gd_captured_options;

typedef struct gd_captured gd_captured;

/* One of a record's two bodies, as it stands in the line. */
typedef struct gd_captured_side {
    enum { GD_CAPTURED_ABSENT, GD_CAPTURED_BASE64, GD_CAPTURED_JSON, GD_CAPTURED_CSV } encoding;
    const char *type;            /* observedContentType; NULL: none */
    const char *text;            /* between the quotes */
    size_t text_bytes, unquoted; /* of it; and without its escapes */
} gd_captured_side;

/* What a worker saw of a picture (serve/seen.h). */
typedef struct gd_captured_picture {
    double figure[GD_FIGURES]; /* NaN: not there */
    const char *format;        /* of the file that was sent: "png", "jpeg"; NULL: not there */
    int64_t bytes;             /* its; -1: not there */
    int quality;               /* of a JPEG, 1 to 100; 0: not there */
    int n_features;            /* 0: not there */
    const float *features;     /* (n_features) */
} gd_captured_picture;

/* All of it lives until the next record is asked for. */
typedef struct gd_captured_record {
    int64_t time_ms;                     /* inferenceTime, since 1970 */
    const char *event_id, *inference_id; /* NULL: none */
    int n_attributes;
    const char *const *attributes;  /* (n_attributes) customAttributes */
    const char *endpoint, *variant; /* folders of the file's path; NULL: it has none */
    const char *file;
    int64_t line;
    gd_captured_side input, output; /* gd_captured_body decodes them */

    int n_pictures; /* of the answer and of what was seen; 0: neither is there */
    int n_classes;
    const double *probability;           /* (n_pictures, n_classes), NaN for null; NULL: the answer has none */
    const char *const *classes;          /* (n_classes) names, where the answer has them; else NULL */
    const char *const *answered;         /* (n_pictures) classes, where the answer is these alone; else NULL */
    const gd_captured_picture *pictures; /* (n_pictures); NULL: nothing was seen, decode the input */
} gd_captured_record;

/* A line of a label file. */
typedef struct gd_captured_label {
    const char *id;    /* an inferenceId or an eventId */
    const char *label; /* a class: its number or its name */
    const char *file;
    int64_t line;
} gd_captured_label;

typedef struct gd_captured_counts {
    int64_t files, bytes; /* read, as they lie on the disk */
    int64_t lines;        /* that were not blank */
    int64_t records;      /* given, or labels */
    int64_t outside;      /* of the window */
    int64_t unfinished;   /* half a line, at a file's end */
    int64_t broken;       /* lines that are no records */
    int64_t strange;      /* records given without their answer, as its body is in no form known here */
    int64_t unread;       /* files that could not be read, or not to their end */
    int64_t barred;       /* of these, and of folders, those that the system did not give: it may another time */
    gd_error barrier;     /* the first of them: file, and the system's reason */
    int n_complaints;
    gd_error complaint[GD_CAPTURED_COMPLAINTS]; /* the first of the last three kinds: file, line, column, what */
} gd_captured_counts;

/* INVALID for a window that ends before it begins and for a folder without captures; IO where a path or a folder below
 * it cannot be opened. */
gd_status gd_captured_open(const gd_captured_options *options, gd_captured **captured, gd_error *error);

/* The next record; NULL: there is none any more. Fails for want of memory only, and where a folder cannot be looked
 * into. */
gd_status gd_captured_next(gd_captured *captured, const gd_captured_record **record, gd_error *error);

/* The bytes of one of the last record's sides, which is not absent; they live until the next call of this or the next
 * record. FORMAT, with the record's place, where they are not what the encoding says. */
gd_status gd_captured_body(gd_captured *captured, const gd_captured_side *side, const void **bytes, size_t *length,
                           gd_error *error);

/* The next label, of paths that hold label files: {"groundTruthData":{"data":"1","encoding":"CSV"},
 * "eventMetadata":{"eventId":"…"},"eventVersion":"0"}. Their folders are named by when the label was given, and
 * `from_ms` and `to_ms` leave out folders only. */
gd_status gd_captured_next_label(gd_captured *captured, const gd_captured_label **label, gd_error *error);

const gd_captured_counts *gd_captured_count(const gd_captured *captured);

void gd_captured_close(gd_captured *captured); /* accepts NULL */

#ifdef __cplusplus
}
#endif
#endif
