// SPDX-License-Identifier: Apache-2.0
/* A chart: SVG that takes any width, as its shapes lie on 1,000 x 1,000 that are stretched to its box while lines keep
 * their width; and labels along two axes, which are HTML beside it and so keep the page's size of letters.
 *
 *            y      ┌──────────────────────────┐
 *         labels    │  grid · shapes           │   height as the style's class says
 *                   └──────────────────────────┘
 *                      x labels
 *
 * A shape is a path of moves, lines and dots in the axes' own units; its class says how it looks (style.css).
 */
#ifndef GD_REPORT_CHART_H
#define GD_REPORT_CHART_H

#include "report/page.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_TICKS = 12 };

typedef enum gd_axis_kind {
    GD_AXIS_NUMBERS,
    GD_AXIS_SHARES, /* labels are percents */
    GD_AXIS_TIME,   /* ms since 1970; labels are UTC */
    GD_AXIS_BARE    /* no labels, no grid */
} gd_axis_kind;

typedef struct gd_axis {
    gd_axis_kind kind;
    double low, high;
    int ticks;       /* so many or a few less */
    bool unlabelled; /* a grid alone */
} gd_axis;

typedef struct gd_chart {
    gd_page *page;
    gd_axis x, y;
    const char *class; /* of the box: its height */
    const char *words; /* what it shows, for who does not see it: HTML */
} gd_chart;

/* Multiples of 1, 2 or 5 times a power of ten from low to high, `most` of them or a few less: how many. */
int gd_ticks(double low, double high, int most, double tick[GD_TICKS]);

/* 1, 2 or 5 times a power of ten, at least x: an end of an axis that has a tick there. 1 for what is not above 0. */
double gd_nice_above(double x);

/* Like gd_ticks, but whole minutes, hours, days or months in UTC. */
int gd_time_ticks(double low, double high, int most, double tick[GD_TICKS], int64_t *step_ms);

/* open, shapes and hints, labels, words, close: in this order. */
void gd_chart_open(const gd_chart *chart);
void gd_chart_labels(const gd_chart *chart);
void gd_chart_close(const gd_chart *chart);

/* A shape: begin with its class, then points, then end. */
void gd_shape_begin(const gd_chart *chart, const char *class);
void gd_shape_move(const gd_chart *chart, double x, double y);
void gd_shape_line(const gd_chart *chart, double x, double y);
void gd_shape_dot(const gd_chart *chart, double x, double y);
void gd_shape_end(const gd_chart *chart);

/* One line from (x0, y0) to (x1, y1); one rectangle between them. */
void gd_shape_segment(const gd_chart *chart, const char *class, double x0, double y0, double x1, double y1);
void gd_shape_box(const gd_chart *chart, double x0, double y0, double x1, double y1); /* within a shape */

/* HTML that is shown where the pointer rests between two x. */
void gd_chart_hint(const gd_chart *chart, double from, double to, const char *words);

/* A short word, HTML, laid over the chart with its middle at (x, y). */
void gd_chart_word(const gd_chart *chart, double x, double y, const char *class, const char *word);

#ifdef __cplusplus
}
#endif
#endif
