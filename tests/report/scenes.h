// SPDX-License-Identifier: Apache-2.0
/* Checks that never happened, to see their pages: pictures of bright shapes and a model that names them, made up from a
 * seed, with what a scene does to them.
 */
#ifndef GD_TEST_SCENES_H
#define GD_TEST_SCENES_H

#include "monitor/verdict.h"

typedef struct scene {
    const char *name;     /* of its file, without ".html" */
    int baseline, window; /* pictures */
    int classes;          /* 0: a table of numbers */
    int columns;          /* of a table */
    int side;             /* of a picture, pixels */
    double hours, from;   /* of the window; the share of it from which on what follows holds */
    double dim;           /* 0 to 1: how much darker */
    double lean;          /* share of all pictures that become those of class 2 */
    bool dead;            /* one and the same frame for ever */
    bool plain;           /* no features, no labels, no pictures; rules without alarms_per_month */
    bool unknown;         /* no number is one, no time known, no answer */
    bool broken;          /* lines and files that could not be read */
    bool lost;            /* a column of the baseline's table is missing, another is new */
    const char *evil;     /* in every name */
} scene;

/* Owned by the caller until released. */
gd_status scene_baseline(const scene *scene, gd_baseline *baseline, gd_error *error);
gd_status scene_window(const scene *scene, const gd_baseline *baseline, gd_window *window, gd_error *error);

#endif
