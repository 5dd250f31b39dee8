// SPDX-License-Identifier: Apache-2.0
/* Quality for people: what it is, class by class, and what became of labels and records. */
#include "quality/quality.h"
#include "survey/losses.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 30 /* in the table: the worst of more */, WIDEST = 24 };

static void print_first(gd_text *out, const gd_error *what) { gd_losses_place(out, "the first: ", what); }

/* ---- figures ---- */

static void print_metric(const gd_grades *g, const gd_metric *m, gd_text *out)
{
    if (!m->known)
        return;
    const gd_estimate e = gd_estimate_of_share(m->value, m->error, (double)g->n, GD_Z95);
    gd_text_add(out, "  %-20s %.4f (%.4f to %.4f)", m->name, m->value, e.low, e.high);
    gd_text_add(out, "\n");
}

static void print_figures(const gd_quality *q, gd_text *out)
{
    const gd_grades *g = &q->grades;
    gd_text_add(out, "%" PRId64 " labelled picture%s: accuracy %.4f (95%% interval %.4f to %.4f)\n", g->n,
                gd_plural(g->n), g->accuracy.value, g->accuracy.low, g->accuracy.high);
    gd_text_add(out, "who always answers the most frequent label: %.4f\n", g->metric[0].constant);
    if (g->positive >= 0)
        gd_text_add(out, "figures of class '%s'\n", q->merge.classes[g->positive]);
    for (int i = 1; i < g->n_metrics; i++)
        print_metric(g, &g->metric[i], out);
    if (g->n_alone < g->n)
        gd_text_add(out, "  %-20s %.4f\n  %-20s %.4f\n", "calibration error", g->calibration_error, "Brier score",
                    g->brier_score);
    if (g->n_alone == g->n)
        gd_text_add(out, "  answers are classes alone: there is no calibration error and no Brier score\n");
    else if (g->n_alone > 0)
        gd_text_add(out,
                    "  %" PRId64 " answer%s a class alone; calibration error and Brier score are of the other %" PRId64
                    "\n",
                    g->n_alone, g->n_alone == 1 ? " is" : "s are", g->n - g->n_alone);
}

/* ---- classes ---- */

typedef struct tally {
    int class;
    int64_t labelled, answered, right;
    int confused; /* the answer most often given instead; -1: none */
    int64_t n_confused;
} tally;

static double recall_of(const tally *t) { return t->labelled > 0 ? (double)t->right / (double)t->labelled : 2; }

static int by_recall(const void *a, const void *b)
{
    const double x = recall_of(a), y = recall_of(b);
    return x != y ? (x < y ? -1 : 1) : ((const tally *)a)->class - ((const tally *)b)->class;
}

static tally tally_of(const gd_grades *g, int class)
{
    const int64_t *row = g->confusion + (ptrdiff_t) class * g->n_classes;
    tally t = {.class = class, .right = row[class], .confused = -1};
    for (int c = 0; c < g->n_classes; c++) {
        t.labelled += row[c];
        t.answered += g->confusion[(ptrdiff_t)c * g->n_classes + class];
        if (c != class && row[c] > t.n_confused) {
            t.confused = c;
            t.n_confused = row[c];
        }
    }
    return t;
}

static void print_share(gd_text *out, int64_t part, int64_t whole)
{
    if (whole > 0)
        gd_text_add(out, "%11.4f", (double)part / (double)whole);
    else
        gd_text_add(out, "%11s", "-");
}

static void print_class(const gd_quality *q, const tally *t, gd_text *out)
{
    const size_t from = out->length;
    gd_text_add(out, "  ");
    gd_text_add_cell(out, q->merge.classes[t->class], WIDEST);
    gd_text_add(out, "%9" PRId64 "%9" PRId64, t->labelled, t->answered);
    print_share(out, t->right, t->labelled);
    print_share(out, t->right, t->answered);
    print_share(out, 2 * t->right, t->labelled + t->answered);
    if (t->confused >= 0)
        gd_text_add(out, "  %s (%" PRId64 ")", q->merge.classes[t->confused], t->n_confused);
    gd_text_plain(out, from);
    gd_text_add(out, "\n");
}

static void print_classes(const gd_quality *q, gd_text *out)
{
    const int n = q->grades.n_classes, shown = n < CLASSES ? n : CLASSES;
    tally *table = calloc((size_t)n, sizeof *table);
    if (!table) {
        out->failed = 1;
        return;
    }
    for (int c = 0; c < n; c++)
        table[c] = tally_of(&q->grades, c);
    if (n > shown)
        qsort(table, (size_t)n, sizeof *table, by_recall);
    gd_text_add(out, "  %-*s%9s%9s%11s%11s%11s  taken for\n", WIDEST, "class", "labels", "answers", "recall",
                "precision", "F1");
    for (int i = 0; i < shown; i++)
        print_class(q, &table[i], out);
    if (n > shown)
        gd_text_add(out, "  and %d more, whose recall is no lower\n", n - shown);
    free(table);
}

/* ---- the whole ---- */

static void print_verdict(const gd_quality *q, gd_text *out)
{
    if (q->limits.n == 0)
        return;
    gd_text_add(out, "%d violation%s of %d constraint%s\n", q->n_violations, gd_plural(q->n_violations), q->limits.n,
                gd_plural(q->limits.n));
    for (int i = 0; i < q->n_violations; i++)
        gd_text_add(out, "  %s\n", q->violation[i].description);
}

static void print_worth(const gd_quality *q, const gd_quality_options *o, gd_text *out)
{
    const int pictures = q->written.wrong + q->written.unsure, picks = q->worth.wrong.n + q->worth.unsure.n;
    gd_text_add(out,
                "worth a look, in %s/worth.jsonl: %d of %" PRId64 " answered wrong, and of %" PRId64
                " without a label the %d least sure\n",
                o->out, q->worth.wrong.n, q->worth.n_wrong, q->worth.n_unsure, q->worth.unsure.n);
    if (pictures > 0)
        gd_text_add(out, "%d picture%s in %s/wrong, %d in %s/unsure\n", q->written.wrong, gd_plural(q->written.wrong),
                    o->out, q->written.unsure, o->out);
    else if (picks > 0 && q->written.broken == 0)
        gd_text_add(out, "no pictures of them: what was asked was not captured\n");
}

void gd_quality_print(const gd_quality *q, const gd_quality_options *o, gd_text *out)
{
    print_figures(q, out);
    print_classes(q, out);
    print_verdict(q, out);
    if (o->worth > 0)
        print_worth(q, o, out);
    gd_text_add(out, "wrote %s/statistics.json, %sconstraint_violations.json\n", o->out,
                o->constraints ? "" : "constraints.json, ");
}

static void print_read(gd_text *out, const gd_captured_counts *read, const char *what)
{
    if (read->broken > 0)
        gd_text_add(out, "%" PRId64 " %s line%s broken\n", read->broken, what, read->broken == 1 ? " is" : "s are");
    if (read->unread > 0)
        gd_text_add(out, "%" PRId64 " %s file%s cannot be read, or not to the end\n", read->unread, what,
                    gd_plural(read->unread));
    gd_losses_count(out, read->strange, "answer has a form that is not known", "answers have forms that are not known");
    for (int i = 0; i < read->n_complaints; i++)
        gd_losses_place(out, "", &read->complaint[i]);
}

void gd_quality_print_losses(const gd_quality *q, gd_text *out)
{
    const gd_merge_counts *c = &q->merge.counts;
    print_read(out, &q->merge.captured.read, "capture");
    gd_survey_print_foreign(&q->merge.captured, out);
    print_read(out, &q->truth.read, "label");
    gd_losses_count(out, q->truth.repeated, "label was given twice", "labels were given twice");
    gd_losses_count(out, q->truth.contradicting, "label contradicts one before, and replaces it",
                    "labels contradict others before, and replace them");
    if (q->truth.contradicting > 0)
        print_first(out, &q->truth.contradiction);
    gd_losses_count(out, c->unknown, "label names no class", "labels name no class");
    if (c->unknown > 0)
        print_first(out, &c->first_unknown);
    gd_losses_count(out, c->late, "label was given after the window's end, and counts",
                    "labels were given after the window's end, and count");
    if (c->labels_left > 0)
        gd_text_add(out, "%" PRId64 " label%s without a record in this window; the first: '%s'\n", c->labels_left,
                    gd_plural(c->labels_left), c->id_left);
    if (c->without_label > 0)
        gd_text_add(out, "%" PRId64 " record%s without a label; the first: '%s'\n", c->without_label,
                    gd_plural(c->without_label), c->id_unlabelled);
    gd_losses_count(out, c->without_answer, "record without an answer", "records without an answer");
    gd_losses_count(out, c->nameless, "answer is a class alone, and no classes are known before it",
                    "answers are classes alone, and no classes are known before them");
    gd_losses_count(out, c->several, "record of several pictures, of which no label can say which it means",
                    "records of several pictures, of which no label can say which it means");
    gd_losses_count(out, c->again, "record has the id of an earlier one, which has the label",
                    "records have ids of earlier ones, which have the labels");
    gd_losses_count(out, c->broken, "body cannot be decoded", "bodies cannot be decoded");
    if (c->broken > 0)
        print_first(out, &c->first_broken);
    gd_losses_count(out, q->written.broken, "picture worth labelling cannot be decoded",
                    "pictures worth labelling cannot be decoded");
    if (q->written.broken > 0)
        print_first(out, &q->written.first);
}
