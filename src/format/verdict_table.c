// SPDX-License-Identifier: Apache-2.0
/* A verdict for people: what is wrong in sentences, then a line per figure, what alarms first. */
#include "format/own.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CELL = 32, MIXES = 3 };

/* Four digits, or "-". */
static const char *number(char cell[CELL], double x)
{
    if (isnan(x))
        return "-";
    snprintf(cell, CELL, fabs(x) >= 10000 && fabs(x) < 1e9 ? "%.0f" : "%.4g", x);
    return cell;
}

static const char *percent(char cell[CELL], double share)
{
    if (isnan(share))
        return "-";
    snprintf(cell, CELL, "%.1f%%", 100 * share);
    return cell;
}

/* A line that holds names, which may come of strangers. */
static void end_line(gd_text *out, size_t from)
{
    gd_text_plain(out, from);
    gd_text_add(out, "\n");
}

/* ---- a line per column ---- */

static void print_head(gd_text *out)
{
    gd_text_add(out, "\n    %-20s %10s %10s %10s %8s %8s %10s\n", "column", "now", "baseline", "moved by", "PSI",
                "distance", "adjusted p");
}

static void print_column(const gd_column_verdict *v, gd_text *out)
{
    char now[CELL], was[CELL], moved[CELL], psi[CELL], distance[CELL], p[CELL];
    const bool names = v->reference->names != NULL;
    const size_t from = out->length;
    gd_text_add(out, "  %c %-20s %10s %10s %10s %8s %8s %10s", v->alarm ? '!' : ' ', v->reference->name,
                number(now, v->now), number(was, v->was), number(moved, v->moved),
                number(psi, names ? v->categories.psi : v->numbers.psi), number(distance, v->distance),
                number(p, v->adjusted));
    if (v->compared == GD_TOO_FEW && v->least > 0)
        gd_text_add(out, "  too few: %lld of %llu", (long long)gd_column_present(v->current),
                    (unsigned long long)v->least);
    else if (v->compared == GD_TOO_FEW)
        gd_text_add(out, "  too few in the baseline: %lld", (long long)gd_column_present(v->reference));
    if (!isnan(v->threshold))
        gd_text_add(out, "  held against %g", v->threshold);
    end_line(out, from);
}

static void print_columns(const gd_verdict *v, gd_text *out)
{
    bool any = false;
    for (int alarm = 1; alarm >= 0; alarm--) {
        for (int i = 0; i < v->n_columns; i++) {
            if (v->column[i].compared == GD_NOT_COMPARABLE || v->column[i].alarm != alarm)
                continue;
            if (!any)
                print_head(out);
            any = true;
            print_column(&v->column[i], out);
        }
    }
}

static void print_missing(const gd_verdict *v, gd_text *out)
{
    size_t from = 0;
    int n = 0;
    for (int i = 0; i < v->n_columns; i++) {
        const gd_column_verdict *c = &v->column[i];
        if (c->compared != GD_NOT_COMPARABLE)
            continue;
        gd_text_add(out, "%s", n++ ? ", " : "\nnot comparable, as one side does not have it: ");
        from = n == 1 ? out->length : from;
        gd_text_add(out, "%s", c->reference ? c->reference->name : c->current->name);
    }
    if (n > 0)
        end_line(out, from);
}

/* ---- what concerns all ---- */

static void print_accuracy(const gd_verdict *v, gd_text *out)
{
    char value[CELL], low[CELL], high[CELL], was[CELL], p[CELL];
    if (v->accuracy_compared == GD_NOT_COMPARABLE)
        return;
    gd_text_add(out, "  %c %-20s %s (%s to %s), of the baseline %s", v->accuracy_alarm ? '!' : ' ',
                "estimated accuracy", percent(value, v->accuracy.value), percent(low, v->accuracy.low),
                percent(high, v->accuracy.high), percent(was, v->baseline_accuracy.value));
    if (v->accuracy_compared == GD_TOO_FEW)
        gd_text_add(out, "; too few to compare\n");
    else
        gd_text_add(out, "; adjusted p %s\n", number(p, v->accuracy_adjusted));
}

static void print_features(const gd_verdict *v, gd_text *out)
{
    char distance[CELL], p[CELL];
    if (v->features_compared == GD_COMPARED)
        gd_text_add(out, "  %c %-20s at a distance of %s (0 alike, 1 apart); adjusted p %s\n",
                    v->features_alarm ? '!' : ' ', "features", number(distance, v->features.distance),
                    number(p, v->features_adjusted));
    else if (v->features_compared == GD_TOO_FEW)
        gd_text_add(out, "    %-20s too few to compare: %d of each side are needed\n", "features",
                    GD_FEATURES_TEST_LEAST);
}

/* Of the baseline's labelled pictures, by class. */
static double share_of(const gd_competence *c, int classes, int class)
{
    int64_t of_class = 0;
    for (int i = 0; c->confusion && i < classes; i++)
        of_class += c->confusion[(int64_t) class * classes + i];
    return c->confusion ? (double)of_class / (double)c->n : NAN;
}

/* The classes whose parts of the mix have changed most. */
static void print_mix(const gd_verdict *v, const gd_baseline *b, gd_text *out)
{
    const int classes = b->profile.options.n_classes;
    int told[MIXES], n = 0;
    if (!v->mix || !b->competence.confusion)
        return;
    while (n < MIXES) {
        int most = -1;
        double by = 0.005;
        for (int c = 0; c < classes; c++) {
            const double apart = fabs(v->mix[c] - share_of(&b->competence, classes, c));
            bool before = false;
            for (int i = 0; i < n; i++)
                before = before || told[i] == c;
            if (!before && apart > by) {
                by = apart;
                most = c;
            }
        }
        if (most < 0)
            break;
        told[n++] = most;
    }
    const size_t from = out->length;
    for (int i = 0; i < n; i++) {
        char now[CELL], low[CELL], high[CELL], was[CELL];
        const double share = v->mix[told[i]], off = 1.96 * v->mix_deviation[told[i]];
        gd_text_add(out, "%s'%s' %s", i ? "; " : "    true classes, estimated: ", b->profile.options.classes[told[i]],
                    percent(now, share));
        if (!isnan(off))
            gd_text_add(out, " (%s to %s)", percent(low, fmax(0, share - off)), percent(high, fmin(1, share + off)));
        gd_text_add(out, ", was %s", percent(was, share_of(&b->competence, classes, told[i])));
    }
    if (n > 0)
        end_line(out, from);
}

static void print_violation(const gd_violation *v, gd_text *out)
{
    const size_t from = out->length;
    gd_text_add(out, "  %s (%s): %s", v->feature, gd_violation_names[v->kind], v->description);
    end_line(out, from);
}

static void print_losses(const gd_window *window, gd_text *out)
{
    const long long broken = window->broken, unread = window->unread;
    if (broken > 0)
        gd_text_add(out, "%lld line%s no record%s\n", broken, broken == 1 ? " is" : "s are", gd_plural(broken));
    if (unread > 0)
        gd_text_add(out, "%lld file%s could not be read\n", unread, gd_plural(unread));
}

void gd_verdict_print(const gd_verdict *verdict, const gd_baseline *baseline, const gd_window *window, gd_text *out)
{
    gd_arena arena = {0};
    const char *summary = gd_verdict_summary(verdict, &arena);
    out->failed |= !summary;
    const size_t from = out->length;
    gd_text_add(out, "%s", summary ? summary : "");
    end_line(out, from);
    print_losses(window, out);
    gd_text_add(out, verdict->n_violations > 0 ? "\n" : "");
    for (int i = 0; i < verdict->n_violations; i++)
        print_violation(&verdict->violation[i], out);
    gd_text_add(out, "\n");
    print_accuracy(verdict, out);
    print_features(verdict, out);
    print_mix(verdict, baseline, out);
    print_columns(verdict, out);
    print_missing(verdict, out);
    gd_arena_release(&arena);
}
