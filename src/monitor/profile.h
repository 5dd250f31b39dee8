// SPDX-License-Identifier: Apache-2.0
/* What is known of a set of pictures and of what a model answered to them, in constant memory: a column for each thing
 * that can be said of a picture, and where it lies in the space of the model's features. Profiles of parts (hours,
 * ranks) add up to that of the whole.
 *
 *     column       kind      of
 *     brightness…  numbers   the picture: image/figures.h names them; hue is on a circle; height and width are whole
 *     bytes        whole     the file that was sent, where the source was an encoded one; likewise
 *     quality      whole     of a JPEG
 *     format       names     "png", "jpeg"
 *     prediction   names     the likeliest class
 *     confidence   numbers   its probability
 *     uncertainty  numbers   -sum(p ln p) / ln(classes) of the probabilities: 0 sure, 1 as unsure as can be
 *     margin       numbers   the greatest probability less the second
 *
 * Or, of a file of numbers, whatever columns it has (survey/source.h).
 */
#ifndef GD_MONITOR_PROFILE_H
#define GD_MONITOR_PROFILE_H

#include "image/figures.h"
#include "monitor/category.h"
#include "monitor/features.h"
#include "monitor/rows.h"
#include "monitor/sketch.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gd_column_kind {
    GD_COLUMN_NUMBERS, /* the managed format's "Fractional" */
    GD_COLUMN_WHOLE,   /* "Integral" */
    GD_COLUMN_CIRCLE,  /* degrees, 0 to 360 */
    GD_COLUMN_NAMES    /* "String" */
} gd_column_kind;
extern const char *const gd_column_kind_words[]; /* by kind, for people: "whole numbers" … */
extern const char *const gd_managed_types[];     /* by kind: "Integral" … */

/* What a column is of, which says what its absence means: only answers must be there. */
typedef enum gd_column_of {
    GD_OF_PICTURE, /* absent on either side: not comparable, no violation */
    GD_OF_FILE,    /* likewise */
    GD_OF_ANSWER,  /* absent in a window: a violation, missing_column_check */
    GD_OF_TABLE    /* of a file of numbers: likewise; absent in the baseline: extra_column_check */
} gd_column_of;

enum { GD_COLUMN_NAME = 128 /* bytes, with the 0 */, GD_PROFILE_COLUMNS = 256 };

typedef struct gd_column {
    char name[GD_COLUMN_NAME];
    gd_column_kind kind;
    gd_column_of of;
    int64_t broken;       /* numbers of a column of whole ones that are none */
    gd_sketch *sketch;    /* owned; numbers */
    gd_categories *names; /* owned; names */
} gd_column;

/* How many items a column has a value for. */
int64_t gd_column_present(const gd_column *column);

typedef struct gd_profile_options {
    int n_classes;                 /* 0: no answers */
    const char *const *classes;    /* (n_classes) their names; copied */
    int n_features;                /* 0: none */
    int rows;                      /* of features that are kept as a fair sample; 0: none */
    bool scatter;                  /* their mean and covariance, too: 8 n_features^2 bytes */
    uint64_t seed;                 /* of samples: the same for all parts that will be merged */
    uint32_t stream;               /* of a part: another one for each (rows.h; sketches' coins, too) */
    const struct gd_profile *like; /* (optional) a reference whose names are known beforehand (category.h); borrowed */
} gd_profile_options;

typedef struct gd_profile {
    gd_profile_options options; /* classes: this profile's own */
    int64_t items;              /* pictures, or rows of a table */
    int64_t alone;              /* that were answered with a class alone */
    int n_columns;
    gd_column column[GD_PROFILE_COLUMNS]; /* those that any item had a value for */
    gd_scatter features;                  /* dims 0: none */
    gd_rows rows;                         /* likewise */
    gd_arena arena;                       /* names of classes */
    struct gd_profile_block *block;       /* values on their way into all this; owned */
} gd_profile;

/* A picture and the answer to it. Borrowed. */
typedef struct gd_sighting {
    int64_t time_ms;           /* since 1970; INT64_MIN: not known */
    double figure[GD_FIGURES]; /* NaN: not known */
    const char *format;        /* NULL: no encoded file, or not known */
    int64_t bytes;             /* of the file; -1: likewise */
    int quality;               /* of a JPEG, 1 to 100; 0: likewise */
    const float *probability;  /* (n_classes); NULL: no answer, or this alone: */
    int class_alone;           /* of an answer without probabilities: 1 + its class; 0: there is none */
    const float *features;     /* (n_features); NULL: not known */
    int label;                 /* class; -1: not known */
} gd_sighting;

/* What an answer's probabilities say, class -1 where they are no numbers; or a class alone, the rest NaN. */
typedef struct gd_answer_figures {
    int class;
    double confidence, uncertainty, margin;
} gd_answer_figures;
gd_answer_figures gd_answer_of(const float *probability, int n_classes);
gd_answer_figures gd_answer_alone(int class);
gd_answer_figures gd_sighting_answer(const gd_sighting *sighting, int n_classes);

/* Owned by the caller until released. INVALID for options out of their bounds; NOMEM. */
gd_status gd_profile_init(gd_profile *profile, const gd_profile_options *options, gd_error *error);
void gd_profile_release(gd_profile *profile); /* accepts {0} */

gd_status gd_profile_add(gd_profile *profile, const gd_sighting *sighting, gd_error *error);

/* Numbers of one of a table's columns, NaN: absent. Items are those of the longest column; what a shorter one lacks is
 * absent. INVALID beyond GD_PROFILE_COLUMNS, and for a name that another kind of column has. */
gd_status gd_profile_add_numbers(gd_profile *profile, const char *name, gd_column_kind kind, const double *x, size_t n,
                                 gd_error *error);

/* What is on its way goes into the sketches; absent values are counted. Before a profile is looked at or merged. */
gd_status gd_profile_settle(gd_profile *profile, gd_error *error);

/* As if `other`'s items, settled, had been added, too. INVALID where classes or features differ, and both know them, or
 * the kind of a column does. */
gd_status gd_profile_merge(gd_profile *profile, const gd_profile *other, gd_error *error);

/* How many items could have a value of a column: all, but that confidence, uncertainty and margin are not of answers
 * that are a class alone. */
int64_t gd_profile_possible(const gd_profile *profile, const gd_column *column);

const gd_column *gd_profile_column(const gd_profile *profile, const char *name); /* NULL: there is none */

#ifdef __cplusplus
}
#endif
#endif
