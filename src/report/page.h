// SPDX-License-Identifier: Apache-2.0
/* What the sections of a page share: where it goes, the check it tells of, and words for numbers, times and strangers'
 * strings. All words are HTML already and live as long as the page; where there is no memory they are "" and the text
 * has failed (base/text.h).
 */
#ifndef GD_REPORT_PAGE_H
#define GD_REPORT_PAGE_H

#include "report/report.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How many of each are told of at most, so that a page stays small; all are in check.json. */
enum {
    GD_PAGE_FINDINGS = 24, /* violations in words */
    GD_PAGE_CARDS = 24,    /* columns with their distributions */
    GD_PAGE_ROWS = 48,     /* columns with their figures */
    GD_PAGE_CLASSES = 12,
    GD_PAGE_DOTS = 600,  /* of a map, of either side */
    GD_PAGE_SLOTS = 32,  /* of time, at least, unless the window has fewer */
    GD_PAGE_NAME = 40,   /* characters of a name */
    GD_PAGE_WORDS = 360, /* of a sentence */
};

typedef struct gd_page {
    const gd_report *report;
    const gd_baseline *baseline; /* = report->baseline; likewise */
    const gd_window *window;
    const gd_verdict *verdict;
    const char *item, *items; /* "picture", "pictures"; of a table "row", "rows" */
    int *finding;             /* (verdict->n_violations) of verdict->violation: what matters most first */
    int n_columns, *order;    /* (n_columns) of verdict->column: alarms first, then by how far they are apart */
    gd_text *out;
    gd_arena arena;
    gd_error *error;
} gd_page;

/* A stranger's string: what HTML would understand and what is no text is replaced, behind `most` characters it ends
 * with "…". Fit for text and for attributes in double quotes. */
const char *gd_html(gd_page *page, const char *string, int most);

/* A name in GD_PAGE_NAME characters: a longer one lacks its middle. */
const char *gd_html_name(gd_page *page, const char *name);

const char *gd_html_number(gd_page *page, double x); /* to three digits: "1,234", "−0.0123"; "–": NaN */
const char *gd_html_count(gd_page *page, double n);
const char *gd_html_percent(gd_page *page, double share);
const char *gd_html_chance(gd_page *page, double p);   /* "0.012", "&lt; 0.0001" */
const char *gd_html_time(gd_page *page, int64_t ms);   /* "3 Jun 2026, 14:05" */
const char *gd_html_counted(gd_page *page, int64_t n); /* "1 picture", "12 pictures" */
extern const char *const gd_month_names[12];

/* printf of what is HTML already, of less than 1,024 bytes. */
const char *gd_html_printf(gd_page *page, const char *format, ...) GD_PRINTF(2, 3);

/* The sections, each whole or, where there is nothing to tell, absent. */
void gd_page_head(gd_page *page);
void gd_page_over_time(gd_page *page);
gd_status gd_page_answers(gd_page *page); /* the features with them */
gd_status gd_page_columns(gd_page *page);
gd_status gd_page_features(gd_page *page);
gd_status gd_page_pictures(gd_page *page);
void gd_page_data(gd_page *page);

/* Since when a column is another one (since.c): where its slot begins; INT64_MIN: not told. */
int64_t gd_page_since(const gd_page *page, const gd_column_verdict *column);

/* The least share of all pictures that must change for a column to be an alarm (alarm.h); NaN: not told. */
double gd_page_seen(const gd_verdict *verdict);

/* Its place among the timeline's means; -1: it has none. And likewise for an answer's or a picture's figures. */
int gd_page_figure(const char *name);

extern const char gd_page_style[];

#ifdef __cplusplus
}
#endif
#endif
