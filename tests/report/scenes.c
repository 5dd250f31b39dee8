// SPDX-License-Identifier: Apache-2.0
#include "scenes.h"

#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEATURES = 12, MOST_CLASSES = 1000, MOST_SIDE = 64 };

static const int64_t start_ms = 1780300800000; /* 1 Jun 2026, 08:00 */
static const char *const shapes[] = {"bicycle", "motorcycle", "car",   "lorry", "tram",
                                     "scooter", "skateboard", "wagon", "boat",  "aeroplane"};

/* ---- chance ---- */

typedef struct dice {
    uint32_t who;
    uint64_t at;
} dice;

static double unit(dice *d) { return gd_rng_unit(gd_rng(7, GD_RNG_TEST, d->who, d->at++).at[0]); }
static double bell(dice *d) { return sqrt(-2 * log(1 - unit(d))) * cos(6.283185307 * unit(d)); }

/* ---- one picture and its answer ---- */

typedef struct made {
    uint8_t pixels[MOST_SIDE * MOST_SIDE * 3];
    float probability[MOST_CLASSES], features[FEATURES];
    int label;
    gd_sighting sighting;
} made;

static void paint(made *m, const scene *s, dice *d, double light)
{
    const double hue = m->label * 2.4, x0 = s->side * (0.35 + 0.3 * unit(d)), y0 = s->side * (0.35 + 0.3 * unit(d));
    const double radius = s->side * (0.18 + 0.14 * unit(d)), back = 150 + 35 * bell(d), corners = 2 + m->label % 5;
    for (int y = 0; y < s->side; y++)
        for (int x = 0; x < s->side; x++) {
            const double dx = x - x0, dy = y - y0, r = sqrt(dx * dx + dy * dy);
            const double edge = radius * (1 + 0.3 * cos(corners * atan2(dy, dx)));
            const double grain = 30 * unit(d) - 15;
            for (int c = 0; c < 3; c++) {
                const double colour = r < edge ? 128 + 110 * cos(hue + c * 2.1) : back + 40.0 * y / s->side + 6 * c;
                const double value = light * (colour + (c == 1 ? -grain : grain));
                m->pixels[(y * s->side + x) * 3 + c] = (uint8_t)fmin(fmax(value, 0), 255);
            }
        }
}

static void answer(made *m, const scene *s, dice *d, double harm)
{
    double sum = 0;
    for (int k = 0; k < FEATURES; k++)
        m->features[k] = (float)(2 * sin(m->label * 1.7 + k * 0.9) + 0.7 * bell(d) + 1.5 * harm * (k % 3));
    const double sure = fmax(1.2, 4.2 + 1.6 * bell(d) - 4 * harm);
    const int said = unit(d) < 1 / (1 + exp(2.0 - sure)) ? m->label : (m->label + 1 + (int)(unit(d) * 3)) % s->classes;
    for (int c = 0; c < s->classes; c++)
        sum += m->probability[c] = (float)exp((c == said ? sure + log(s->classes / 4.0) : 0) + 0.4 * bell(d));
    for (int c = 0; c < s->classes; c++)
        m->probability[c] = s->unknown ? NAN : (float)(m->probability[c] / sum);
}

static gd_status see(made *m, const scene *s, uint32_t who, uint64_t number, bool harmed, gd_error *error)
{
    dice d = {who, number << 20};
    const double dim = harmed ? s->dim : 0;
    m->label = (int)(pow(unit(&d), 1.4) * s->classes);
    if (harmed && unit(&d) < s->lean)
        m->label = 2;
    if (harmed && s->dead) {
        m->label = 4;
        d = (dice){99, 0};
    }
    paint(m, s, &d, 1 - dim * (0.8 + 0.4 * unit(&d)));
    answer(m, s, &d, dim + (harmed && s->dead ? 0.5 : 0));
    m->sighting = (gd_sighting){
        .time_ms = INT64_MIN,
        .format = s->unknown ? NULL : "png",
        .bytes = s->unknown ? -1 : 2400 + (int64_t)(260 * bell(&d)),
        .probability = m->probability,
        .features = s->plain || s->unknown ? NULL : m->features,
        .label = m->label,
    };
    const gd_image image = {s->side, s->side, 3, m->pixels};
    GD_TRY(gd_image_figures(&image, m->sighting.figure, error));
    for (int f = 0; s->unknown && f < GD_FIGURES; f++)
        m->sighting.figure[f] = NAN;
    return GD_OK;
}

static gd_status hang(gd_gallery *gallery, const made *m, const scene *s, const gd_directions *directions,
                      uint64_t number, gd_error *error)
{
    char place[128];
    gd_exhibit *exhibit;
    if (!gd_gallery_wants(gallery)) {
        gd_gallery_pass(gallery);
        return GD_OK;
    }
    snprintf(place, sizeof place, "capture/2026/06/01/08/%s-%d.jsonl:%d", s->evil ? s->evil : "AllTraffic",
             (int)(number / 500), (int)(number % 500) + 1);
    const gd_image image = {s->side, s->side, 3, m->pixels};
    GD_TRY(gd_gallery_add(gallery, &image, &m->sighting, place, &exhibit, error));
    if (!exhibit)
        return GD_OK;
    exhibit->answer = gd_answer_of(m->probability, s->classes);
    exhibit->at[0] = exhibit->at[1] = NAN;
    if (directions->dims > 0 && m->sighting.features)
        gd_features_project(directions, m->features, 2, exhibit->at);
    return GD_OK;
}

/* ---- tables ---- */

static void column_name(const scene *s, int i, char name[GD_COLUMN_NAME])
{
    static const char *const some[] = {"temperature", "pressure", "flow", "voltage", "age", "steps", "load", "level"};
    if (s->evil && s->columns > 8) { /* as long as they may be */
        memset(name, '"', GD_COLUMN_NAME - 1);
        snprintf(name + GD_COLUMN_NAME - 5, 5, "%04d", i);
    } else
        snprintf(name, GD_COLUMN_NAME, "%s", some[i % 8]);
}

static gd_status table(const scene *s, gd_profile *profile, int rows, bool now, gd_error *error)
{
    double *x = malloc((size_t)rows * sizeof *x);
    gd_status status = x ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory");
    for (int i = 0; status == GD_OK && i < s->columns; i++) {
        dice d = {(uint32_t)(2 * i + now), 0};
        char name[GD_COLUMN_NAME];
        const bool moves = now && (s->evil || i % 4 == 1);
        if (s->lost && i == (now ? 0 : s->columns - 1))
            continue;
        column_name(s, i, name);
        for (int r = 0; r < rows; r++) {
            x[r] = 20 + 3 * i + (1 + i) * bell(&d) + (moves ? 1.0 + i : 0);
            if (i % 8 == 4)
                x[r] = floor(x[r]);
            if (now && i % 8 == 2 && unit(&d) < 0.04)
                x[r] = NAN;
        }
        status = gd_profile_add_numbers(profile, name, i % 8 == 4 ? GD_COLUMN_WHOLE : GD_COLUMN_NUMBERS, x,
                                        (size_t)rows, error);
    }
    free(x);
    return status;
}

/* ---- baseline and window ---- */

static gd_status rules(const scene *s, gd_baseline *b, gd_error *error)
{
    gd_rules *r = &b->rules;
    *r = (gd_rules){
        .alarms_per_month = s->plain ? NAN : 1,
        .checks_per_month = s->plain ? NAN : 720,
        .compare = true,
        .robust = true,
        .threshold = 0.1,
        .datatype_threshold = 1,
        .domain_threshold = 1,
    };
    r->column = gd_arena_alloc(&r->arena, (size_t)b->profile.n_columns + 1, sizeof *r->column);
    if (!r->column)
        return gd_fail(error, GD_NOMEM, "out of memory");
    for (int i = 0; i < b->profile.n_columns; i++) {
        gd_column_rule *rule = &r->column[r->n++];
        *rule = (gd_column_rule){.kind = b->profile.column[i].kind, .completeness = 1, .threshold = NAN};
        snprintf(rule->name, sizeof rule->name, "%s", b->profile.column[i].name);
    }
    return GD_OK;
}

static gd_status baseline_pictures(const scene *s, gd_baseline *b, gd_error *error)
{
    const size_t n = (size_t)s->baseline;
    made *m = malloc(sizeof *m);
    int32_t *label = malloc(2 * n * sizeof *label), *said = label ? label + n : NULL;
    float *sure = malloc(n * sizeof *sure);
    gd_status status = m && label && sure ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory");
    for (size_t i = 0; status == GD_OK && i < n; i++) {
        GD_TRY_TO(done, see(m, s, 1, i, false, error));
        GD_TRY_TO(done, gd_profile_add(&b->profile, &m->sighting, error));
        if (!s->plain)
            GD_TRY_TO(done, hang(&b->typical, m, s, &b->directions, i, error));
        const gd_answer_figures a = gd_answer_of(m->probability, s->classes);
        label[i] = m->label;
        said[i] = a.class;
        sure[i] = (float)a.confidence;
    }
    GD_TRY_TO(done, gd_profile_settle(&b->profile, error));
    if (!s->plain && !s->unknown) {
        GD_TRY_TO(done, gd_directions_init(&b->directions, &b->profile.features, error));
        GD_TRY_TO(done, gd_competence_fit(&b->competence, s->classes, label, said, sure, (int64_t)n, error));
    }
done:
    free(m);
    free(label);
    free(sure);
    return status;
}

gd_status scene_baseline(const scene *s, gd_baseline *b, gd_error *error)
{
    static char names[MOST_CLASSES][96];
    const char *class[MOST_CLASSES];
    for (int c = 0; c < s->classes; c++) {
        if (s->evil)
            snprintf(names[c], sizeof names[c], "%s %d", s->evil, c);
        else
            snprintf(names[c], sizeof names[c], "%s", shapes[c % 10]);
        class[c] = names[c];
    }
    const gd_profile_options options = {
        .n_classes = s->classes,
        .classes = class,
        .n_features = s->plain || s->classes == 0 ? 0 : FEATURES,
        .rows = GD_BASELINE_ROWS,
        .scatter = true,
        .seed = 1,
    };
    *b = (gd_baseline){0};
    GD_TRY(gd_profile_init(&b->profile, &options, error));
    snprintf(b->source, sizeof b->source, "validation split of runs/%s", s->evil ? s->evil : "scones");
    snprintf(b->model, sizeof b->model, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    if (!s->plain)
        GD_TRY(gd_gallery_init(&b->typical, GD_BASELINE_PICTURES, 3, error));
    GD_TRY(s->classes > 0 ? baseline_pictures(s, b, error) : table(s, &b->profile, s->baseline, false, error));
    GD_TRY(gd_profile_settle(&b->profile, error));
    return rules(s, b, error);
}

static gd_status window_pictures(const scene *s, const gd_baseline *b, gd_window *w, gd_error *error)
{
    made *m = malloc(sizeof *m);
    gd_status status = m ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory");
    for (int i = 0; status == GD_OK && i < s->window; i++) {
        dice d = {3, (uint64_t)i * 8};
        const double at = s->window > 1 ? pow((i + unit(&d)) / s->window, 0.8) : 0;
        GD_TRY_TO(done, see(m, s, 2, (uint64_t)i, at >= s->from, error));
        if (!s->unknown)
            m->sighting.time_ms = start_ms + (int64_t)(at * s->hours * 3600e3);
        GD_TRY_TO(done, gd_window_add(w, b, &m->sighting, error));
        if (!s->plain)
            GD_TRY_TO(done, hang(&w->gallery, m, s, &b->directions, (uint64_t)i, error));
    }
done:
    free(m);
    return status;
}

gd_status scene_window(const scene *s, const gd_baseline *b, gd_window *w, gd_error *error)
{
    GD_TRY(gd_window_init(w, b, 2, error));
    if (s->classes > 0)
        GD_TRY(window_pictures(s, b, w, error));
    else if (s->window > 0)
        GD_TRY(table(s, &w->profile, s->window, true, error));
    w->records = s->window + (s->broken ? 17 : 0);
    w->broken = s->broken ? 17 : 0;
    w->unread = s->broken;
    return gd_window_settle(w, b, error);
}
