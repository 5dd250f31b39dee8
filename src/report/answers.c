// SPDX-License-Identifier: Apache-2.0
/* How often answers are right, and which classes they name: the baseline's beside the window's. */
#include "report/shares.h"

#include <math.h>
#include <string.h>

/* A place on a row's track, of a share on an axis from low to high, as a percentage of its width. */
static double track(double share, double low, double high)
{
    const double at = 100 * (share - low) / (high - low);
    return isfinite(at) ? fmin(fmax(at, 0), 100) : 0;
}

/* ---- accuracy ---- */

typedef struct row {
    const char *name, *class;
    gd_estimate accuracy;
} row;

static void accuracy_row(gd_page *page, const row *r, double low, double high)
{
    const gd_estimate *a = &r->accuracy;
    const double from = track(a->low, low, high), to = track(a->high, low, high);
    gd_text_add(page->out, "<dt>%s<dd class=track><i class=\"whisker %s\" style=\"left:%.1f%%;width:%.1f%%\"></i>",
                r->name, r->class, from, to - from);
    gd_text_add(page->out, "<i class=\"mark %s\" style=\"left:%.1f%%\"></i><dd class=figure><b>%s</b> ", r->class,
                track(a->value, low, high), gd_html_percent(page, a->value));
    gd_text_add(page->out, "<small>%s to %s</small>\n", gd_html_percent(page, a->low), gd_html_percent(page, a->high));
}

static void accuracy(gd_page *page)
{
    const gd_verdict *v = page->verdict;
    gd_text_add(page->out, "<section class=card><h3>How often answers are right</h3>\n");
    if (v->accuracy_compared == GD_NOT_COMPARABLE) {
        gd_text_add(page->out,
                    page->baseline->competence.n == 0
                        ? "<p class=note>The baseline has no labels, so nothing tells how often answers are "
                          "right. Make it of labelled pictures that the model was not trained on.</p></section>\n"
                        : "<p class=note>No answers came.</p></section>\n");
        return;
    }
    const row rows[] = {
        {"Baseline, measured", "base", v->baseline_accuracy},
        {"Now, by how sure answers are", "now", v->accuracy},
        {"Now, by which classes they name", "mixed", v->shift.accuracy},
    };
    double low = 1;
    for (int i = 0; i < 3; i++)
        low = fmin(low, rows[i].accuracy.low); /* NaN is no less */
    low = fmax(0, floor(10 * (low - 0.02)) / 10);
    gd_text_add(page->out, "<dl class=\"rows accuracy\">\n");
    for (int i = 0; i < 3; i++)
        if (!isnan(rows[i].accuracy.value))
            accuracy_row(page, &rows[i], low, 1);
    gd_text_add(page->out, "<dt><dd class=\"track scale\"><span>%s</span><span>100&nbsp;%%</span><dd></dl>\n",
                gd_html_percent(page, low));
    gd_text_add(page->out, "<p class=note>Estimated without labels; lines are 95&nbsp;%% intervals.%s",
                isnan(v->accuracy_adjusted) ? "" : " ");
    if (!isnan(v->accuracy_adjusted))
        gd_text_add(page->out, "That it fell by chance alone: p %s%s.", gd_html_chance(page, v->accuracy_adjusted),
                    v->accuracy_alarm ? ", an alarm" : "");
    if (v->shift.strange > 0)
        gd_text_add(page->out, " %s with answers that the baseline does not have are left out of the last line.",
                    gd_html_counted(page, v->shift.strange));
    gd_text_add(page->out, "</p></section>\n");
}

/* ---- classes ---- */

static void classes(gd_page *page)
{
    const gd_profile_options *o = &page->window->profile.options;
    const gd_column *base = gd_profile_column(&page->baseline->profile, "prediction");
    const gd_column *now = gd_profile_column(&page->window->profile, "prediction");
    const gd_categories *then = base ? base->names : NULL, *answers = now ? now->names : NULL;
    const double *mix = page->verdict->mix, *deviation = page->verdict->mix_deviation;
    gd_share *all = gd_arena_alloc(&page->arena, (size_t)o->n_classes, sizeof *all);
    page->out->failed |= !all;
    for (int i = 0; all && i < o->n_classes; i++) {
        const char *name = o->classes[i];
        all[i] = (gd_share){name, gd_share_in(then, name, strlen(name)), gd_share_in(answers, name, strlen(name)),
                            mix ? mix[i] : NAN, deviation ? deviation[i] : NAN};
    }
    const int shown = o->n_classes < GD_PAGE_CLASSES ? o->n_classes : GD_PAGE_CLASSES;
    if (all && shown < o->n_classes)
        gd_shares_sort(all, o->n_classes);
    gd_text_add(page->out,
                "<section class=card><h3>Which classes, then and now</h3>\n<ul class=legend>"
                "<li><i class=\"key bar base\"></i>answers on the baseline<li><i class=\"key bar now\"></i>answers "
                "now%s</ul>\n",
                mix ? "<li><i class=\"key bar truth\"></i>true classes now, estimated" : "");
    gd_shares_print(page, all, all ? shown : 0);
    if (o->n_classes > shown)
        gd_text_add(page->out, "<p class=note>The %d of %s classes that changed most.</p>\n", shown,
                    gd_html_count(page, o->n_classes));
    if (mix && page->verdict->shift.condition > GD_SHIFT_CONDITION)
        gd_text_add(page->out,
                    "<p class=note>The model hardly tells some classes apart: what is said of true classes is "
                    "a rough guess.</p>\n");
    gd_text_add(page->out, "</section>\n");
}

static bool any(const gd_profile *profile)
{
    const gd_column *answers = gd_profile_column(profile, "prediction");
    return answers && answers->names && gd_categories_total(answers->names) > 0;
}

gd_status gd_page_answers(gd_page *page)
{
    const bool answered = page->window->profile.options.n_classes > 0 && any(&page->window->profile);
    if (answered) {
        gd_text_add(page->out, "<h2>The answers</h2>\n");
        accuracy(page);
    }
    gd_text_add(page->out, "<div class=two>\n");
    if (answered)
        classes(page);
    GD_TRY(gd_page_features(page));
    gd_text_add(page->out, "</div>\n");
    return GD_OK;
}
