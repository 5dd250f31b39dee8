// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "monitor/verdict_own.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

const char *gd_words_number(gd_arena *arena, double x)
{
    return fabs(x) >= 1000 && fabs(x) < 1e9 ? gd_arena_printf(arena, "%.0f", x) : gd_arena_printf(arena, "%.3g", x);
}

/* As many places as tell it from 0% and from 100%. */
const char *gd_words_share(gd_arena *arena, double share)
{
    const double percent = 100 * share, off = fmin(percent, 100 - percent);
    const int places = off > 0 && off < 9.95 ? (int)fmin(6, fmax(1, ceil(-log10(off) - 1e-6))) : 0;
    return gd_arena_printf(arena, "%.*f%%", places, percent);
}

const char *gd_words_items(const gd_verdict *v, int64_t n)
{
    return v->pictures ? n == 1 ? "picture" : "pictures" : n == 1 ? "row" : "rows";
}

/* "p = 2e-9" */
static const char *p_words(gd_arena *arena, double p)
{
    char digits[16];
    if (!(p >= 1e-300))
        return "p < 1e-300";
    if (p >= 0.0095)
        return gd_arena_printf(arena, "p = %.2f", p);
    snprintf(digits, sizeof digits, "%.0e", p);
    return gd_arena_printf(arena, "p = %ce-%d", digits[0], (int)-strtol(strchr(digits, 'e') + 1, NULL, 10));
}

/* ---- numbers of a column ---- */

typedef struct words {
    const char *name, *more, *less, *what;
} words;

static const words known[] = {
    {"brightness", "Pictures are brighter than they were", "Pictures are darker than they were", "brightness"},
    {"contrast", "Pictures have more contrast than they had", "Pictures have less contrast than they had", "contrast"},
    {"saturation", "Pictures are more colourful than they were", "Pictures are paler than they were", "saturation"},
    {"sharpness", "Pictures are sharper than they were", "Pictures are blurrier than they were", "sharpness"},
    {"entropy", "Pictures have more tones than they had", "Pictures have fewer tones than they had",
     "entropy of their tones"},
    {"red", "Pictures have more red in them than they had", "Pictures have less red in them than they had", "red"},
    {"green", "Pictures have more green in them than they had", "Pictures have less green in them than they had",
     "green"},
    {"blue", "Pictures have more blue in them than they had", "Pictures have less blue in them than they had", "blue"},
    {"height", "Pictures are taller than they were", "Pictures are less tall than they were", "height in pixels"},
    {"width", "Pictures are wider than they were", "Pictures are narrower than they were", "width in pixels"},
    {"aspect", "Pictures are wider for their height than they were",
     "Pictures are narrower for their height than they were", "width by height"},
    {"bytes", "Files are larger than they were", "Files are smaller than they were", "size in bytes"},
    {"quality", "JPEG files are compressed less than they were", "JPEG files are compressed more than they were",
     "JPEG quality"},
    {"confidence", "The model is surer of its answers than it was", "The model is less sure of its answers than it was",
     "confidence"},
    {"uncertainty", "The model is less sure of its answers than it was",
     "The model is surer of its answers than it was", "uncertainty"},
    {"margin", "The model's answers stand out more from what comes second than they did",
     "The model's answers stand out less from what comes second than they did", "margin"},
};

/* A table's columns are what they are, whatever they are called. */
static const words *words_of(const gd_column *column)
{
    for (size_t i = 0; column->of != GD_OF_TABLE && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, column->name) == 0)
            return &known[i];
    }
    return NULL;
}

static const char *opening(gd_arena *arena, const gd_column_verdict *v, const words *w)
{
    const char *little = fabs(v->moved) < 0.2 ? ", if only a little" : "";
    if (w)
        return gd_arena_printf(arena, "%s%s", v->moved > 0 ? w->more : w->less, little);
    return gd_arena_printf(arena, "'%s' is %s than it was%s", v->reference->name, v->moved > 0 ? "greater" : "less",
                           little);
}

/* In how many of its own standard errors the mean has moved: below 3 it is not what has changed. */
static bool mean_has_moved(const gd_column_verdict *v)
{
    const double n = (double)gd_column_present(v->reference), m = (double)gd_column_present(v->current);
    return fabs(v->moved) * sqrt(n * m / (n + m)) >= 3;
}

static const char *moved_words(gd_arena *arena, const gd_column_verdict *v, const words *w, const char *p)
{
    const char *start = opening(arena, v, w);
    const char *now = gd_words_number(arena, v->now), *was = gd_words_number(arena, v->was);
    if (!start || !now || !was)
        return NULL;
    return gd_arena_printf(arena, "%s: %s is %s on average where the baseline has %s (%s, PSI %.2g).", start,
                           w ? w->what : "it", now, was, p, v->numbers.psi);
}

static const char *spread_words(gd_arena *arena, const gd_column_verdict *v, const words *w, const char *p)
{
    const char *what = w ? w->what : v->reference->name;
    const double here = gd_moments_deviation(&v->current->sketch->moments);
    const double there = gd_moments_deviation(&v->reference->sketch->moments);
    const char *now = gd_words_number(arena, here), *was = gd_words_number(arena, there);
    const char *middle = gd_words_number(arena, v->now), *before = gd_words_number(arena, v->was);
    const char *elsewhere = gd_words_share(arena, v->numbers.ks);
    if (!now || !was || !middle || !before || !elsewhere)
        return NULL;
    if (here > there * 1.25 || here < there * 0.8)
        return gd_arena_printf(
            arena,
            "'%s' varies %s than it did: around an average of %s it deviates by %s where the baseline deviates by %s "
            "around %s (%s, PSI %.2g).",
            what, here > there ? "more" : "less", middle, now, was, before, p, v->numbers.psi);
    return gd_arena_printf(
        arena,
        "'%s' is spread otherwise than it was: its average is %s where it was %s, but %s of its values "
        "lie elsewhere (%s, PSI %.2g).",
        what, middle, before, elsewhere, p, v->numbers.psi);
}

static const char *turned_words(gd_arena *arena, const gd_column_verdict *v, const char *p)
{
    const bool hue = strcmp(v->reference->name, "hue") == 0;
    return gd_arena_printf(arena, "%s: %s is %.0f degrees on average where the baseline has %.0f (%s, PSI %.2g).",
                           hue ? "Pictures have other colours than they had"
                               : "Directions are other ones than they were",
                           v->reference->name, v->now, v->was, p, v->numbers.psi);
}

/* ---- mixes of names ---- */

static uint64_t count_of(const gd_categories *names, int at, const char *name)
{
    if (at < names->n && strcmp(names->category[at].name, name) == 0)
        return names->category[at].count;
    for (int i = 0; i < names->n; i++) {
        if (strcmp(names->category[i].name, name) == 0)
            return names->category[i].count;
    }
    return 0;
}

/* The name whose share has changed most; NULL: those that the baseline does not have. */
static const char *most_changed(const gd_column_verdict *v, double *was, double *now)
{
    const gd_categories *reference = v->reference->names, *current = v->current->names;
    const double n = (double)gd_categories_total(reference), m = (double)gd_categories_total(current);
    const char *most = NULL;
    double known_now = 0;
    *was = *now = 0;
    for (int i = 0; i < reference->n; i++) {
        const gd_category *c = &reference->category[i];
        const double there = (double)c->count / n, here = (double)count_of(current, i, c->name) / m;
        known_now += here;
        if (!most || fabs(here - there) > fabs(*now - *was)) {
            most = c->name;
            *was = there;
            *now = here;
        }
    }
    const double other_was = (double)reference->other / n, other_now = fmax(0, 1 - known_now);
    if (most && fabs(other_now - other_was) <= fabs(*now - *was))
        return most;
    *was = other_was;
    *now = other_now;
    return NULL;
}

static const char *mix_words(gd_arena *arena, const gd_column_verdict *v, const char *p)
{
    double was, now;
    const char *name = most_changed(v, &was, &now);
    const char *there = gd_words_share(arena, was), *here = gd_words_share(arena, now);
    const char *of = v->reference->name,
               *start = gd_arena_printf(arena, "'%s' has another mix of values than it had", of);
    if (!there || !here || !start)
        return NULL;
    if (strcmp(of, "prediction") == 0)
        start = "The model answers with another mix of classes than it did";
    else if (strcmp(of, "format") == 0)
        start = "Files come in another mix of formats than they did";
    return gd_arena_printf(arena, "%s: %s%.64s%s are %s where the baseline has %s (%s, PSI %.2g).", start,
                           name ? "'" : "", name ? name : "those that the baseline does not name", name ? "'" : "",
                           here, there, p, v->categories.psi);
}

/* ---- sentences ---- */

const char *gd_words_column(const gd_column_verdict *v, gd_arena *arena)
{
    const char *p = p_words(arena, v->adjusted);
    const words *w = words_of(v->reference);
    if (!p)
        return NULL;
    if (v->reference->names)
        return mix_words(arena, v, p);
    if (!isnan(v->numbers.kuiper))
        return turned_words(arena, v, p);
    return mean_has_moved(v) ? moved_words(arena, v, w, p) : spread_words(arena, v, w, p);
}

/* As the managed monitor words it. */
const char *gd_words_distance(const gd_column_verdict *v, gd_arena *arena)
{
    return gd_arena_printf(arena, "%s distance: %.4g exceeds %s threshold: %g",
                           v->reference->names ? "Categorical" : "Numerical", v->distance,
                           v->reference->names ? "categorical" : "numerical", v->threshold);
}

const char *gd_words_features(const gd_verdict *v, gd_arena *arena)
{
    const char *p = p_words(arena, v->features_adjusted);
    return p ? gd_arena_printf(arena,
                               "Pictures look other to the model than they did: its features are at a distance of %.2g "
                               "from the baseline's, where 0 is alike and 1 is apart (%s).",
                               v->features.distance, p)
             : NULL;
}

const char *gd_words_accuracy(const gd_verdict *v, gd_arena *arena)
{
    const char *p = p_words(arena, v->accuracy_adjusted), *now = gd_words_share(arena, v->accuracy.value);
    const char *low = gd_words_share(arena, v->accuracy.low), *high = gd_words_share(arena, v->accuracy.high);
    const char *was = gd_words_share(arena, v->baseline_accuracy.value);
    if (!p || !now || !low || !high || !was)
        return NULL;
    return gd_arena_printf(arena,
                           "The model is probably right less often than it was: estimated accuracy is %s (%s to %s) "
                           "where it was %s on the baseline (%s).",
                           now, low, high, was, p);
}

/* ---- one line ---- */

static bool told_before(const gd_verdict *v, int i)
{
    for (int j = 0; j < i; j++) {
        if (strcmp(v->violation[j].feature, v->violation[i].feature) == 0)
            return true;
    }
    return false;
}

static const char *accusation(const gd_verdict *v, const char *feature, gd_arena *arena)
{
    if (strcmp(feature, "estimated_accuracy") != 0)
        return feature;
    return gd_arena_printf(arena, "estimated accuracy %.2f of %.2f", v->accuracy.value, v->baseline_accuracy.value);
}

static const char *accused(const gd_verdict *v, gd_arena *arena)
{
    enum { NAMED = 6 };
    const char *list = "";
    int n = 0;
    for (int i = 0; i < v->n_violations && list; i++) {
        if (told_before(v, i) || n++ >= NAMED)
            continue;
        const char *next = accusation(v, v->violation[i].feature, arena);
        list = next ? gd_arena_printf(arena, "%s%s%s", list, n > 1 ? ", " : "", next) : NULL;
    }
    return n > NAMED && list ? gd_arena_printf(arena, "%s and %d more", list, n - NAMED) : list;
}

const char *gd_verdict_summary(const gd_verdict *v, gd_arena *arena)
{
    const char *what = gd_words_items(v, v->items);
    if (v->items == 0)
        return gd_arena_printf(arena, "no %s: nothing to tell", what);
    if (v->n_violations > 0) {
        const char *list = accused(v, arena);
        return list ? gd_arena_printf(arena, "%" PRId64 " %s: %d violation%s (%s)", v->items, what, v->n_violations,
                                      gd_plural(v->n_violations), list)
                    : NULL;
    }
    if (v->too_few)
        return gd_arena_printf(arena, "%" PRId64 " %s: too few to tell", v->items, what);
    if (isnan(v->accuracy.value))
        return gd_arena_printf(arena, "%" PRId64 " %s: no violations", v->items, what);
    return gd_arena_printf(arena, "%" PRId64 " %s: no violations; estimated accuracy %.2f of %.2f", v->items, what,
                           v->accuracy.value, v->baseline_accuracy.value);
}
