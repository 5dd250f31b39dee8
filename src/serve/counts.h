// SPDX-License-Identifier: Apache-2.0
/* Where metrics.c counts, and what metrics_write.c prints.
 *
 * Counters are relaxed atomics. Lists grow at their end under the lock and nothing leaves them; who counts holds a
 * pointer that gd_metrics_variant gave out, and walks no list. */
#ifndef GD_SERVE_COUNTS_H
#define GD_SERVE_COUNTS_H

#include "base/arena.h"
#include "serve/histogram.h"
#include "serve/metrics.h"

#include <dirent.h>
#include <pthread.h>

enum { GD_CODES = 600 };

typedef struct gd_class_count {
    const char *label; /* the name as a label's value, escaped */
    _Atomic uint64_t n;
    struct gd_class_count *next;
} gd_class_count;

typedef struct gd_variant_counts {
    const char *labels;              /* variant="…", escaped */
    _Atomic uint64_t code[GD_CODES]; /* requests by their answer's code; [0]: codes that HTTP does not have */
    _Atomic uint64_t received, sent, reloaded, refused;
    _Atomic int64_t queued;
    gd_histogram total, receive, queue, decode, compute, batch, confidence;
    gd_class_count *first_class, **last_class, rest; /* the list, and classes that found no place in it */
    int n_classes;
    char *model; /* labels of griddle_model_info; owned; NULL: no model answers */
    gd_variant_metrics *views;
    struct gd_variant_counts *next;
} gd_variant_counts;

struct gd_variant_metrics {
    gd_variant_counts *counts;
    int n_classes;
    gd_class_count **class; /* (n_classes) */
    gd_variant_metrics *next;
};

typedef struct gd_added {
    gd_metrics_source source;
    struct gd_added *next;
} gd_added;

/* What is opened once, so that it can be read when no descriptor is left. */
typedef struct gd_process {
    DIR *descriptors; /* /proc/self/fd; NULL: there is none */
    int memory;       /* /proc/self/statm; -1: there is none */
    double start;     /* seconds since 1970; 0: not known */
} gd_process;

void gd_process_open(gd_process *process);
void gd_process_close(gd_process *process);
void gd_process_write(const gd_process *process, gd_text *text); /* one at a time */

struct gd_metrics {
    pthread_mutex_t lock;
    gd_arena arena; /* all but `model` */
    gd_variant_counts *first, **last;
    int n;
    gd_added *added, **last_added;
    gd_process process;
};

/* The lines that a metric begins with. */
void gd_metrics_head(gd_text *text, const char *name, const char *kind, const char *help);

#endif
