// SPDX-License-Identifier: Apache-2.0
#include "monitor/baseline.h"
#include "unit.h"

#include <math.h>
#include <string.h>

static const char *const CLASSES[] = {"bicycle", "motorcycle", "scooter"};
enum { N = 1000, D = 5 };

typedef struct pictures {
    gd_sighting sighting[N];
    float probability[N][3], features[N][D];
} pictures;

/* Brightness i / N, a hue on every other one, a JPEG of every third, no answer on the last ten. */
static void fill(pictures *p)
{
    for (int i = 0; i < N; i++) {
        gd_sighting *s = &p->sighting[i];
        *s = (gd_sighting){.time_ms = 60000 * (int64_t)i, .bytes = -1, .label = -1};
        for (int k = 0; k < GD_FIGURES; k++)
            s->figure[k] = (double)i / N + k;
        s->figure[GD_HUE] = i % 2 == 0 ? i % 360 : NAN;
        s->figure[GD_HEIGHT] = s->figure[GD_WIDTH] = 32;
        if (i % 3 == 0) {
            s->format = "jpeg";
            s->bytes = 1000 + i;
            s->quality = 90;
        }
        const float first = 0.5f + 0.4f * (float)i / N;
        p->probability[i][i % 3] = first;
        p->probability[i][(i + 1) % 3] = (1 - first) * 0.75f;
        p->probability[i][(i + 2) % 3] = (1 - first) * 0.25f;
        for (int k = 0; k < D; k++)
            p->features[i][k] = (float)((i * 7 + k * 13) % 101);
        s->probability = i < N - 10 ? p->probability[i] : NULL;
        s->features = p->features[i];
    }
}

static gd_profile_options options(uint32_t stream)
{
    return (gd_profile_options){
        .n_classes = 3, .classes = CLASSES, .n_features = D, .rows = 100, .scatter = true, .seed = 1, .stream = stream};
}

static void add(gd_profile *profile, const pictures *p, int from, int to)
{
    gd_error error = {0};
    for (int i = from; i < to; i++)
        CHECK_OK(gd_profile_add(profile, &p->sighting[i], &error), &error);
    CHECK_OK(gd_profile_settle(profile, &error), &error);
}

static uint64_t absent(const gd_column *column)
{
    return column->names ? column->names->absent : column->sketch->moments.absent;
}

static pictures all;

TEST(what_is_said_of_pictures_is_in_columns)
{
    gd_profile p;
    gd_error error = {0};
    const gd_profile_options o = options(0);
    fill(&all);
    CHECK_OK(gd_profile_init(&p, &o, &error), &error);
    add(&p, &all, 0, N);
    CHECK_EQ_INT(p.items, N);
    const gd_column *c = gd_profile_column(&p, "brightness");
    CHECK(c && c->kind == GD_COLUMN_NUMBERS && c->of == GD_OF_PICTURE);
    CHECK_EQ_INT(gd_column_present(c), N);
    CHECK_NEAR(gd_moments_mean(&c->sketch->moments), (N - 1) / 2.0 / N, 1e-12);
    c = gd_profile_column(&p, "hue");
    CHECK(c && c->kind == GD_COLUMN_CIRCLE);
    CHECK_EQ_INT(absent(c), N / 2);
    c = gd_profile_column(&p, "bytes");
    CHECK(c && c->kind == GD_COLUMN_WHOLE && c->of == GD_OF_FILE && c->broken == 0);
    CHECK_EQ_INT(gd_column_present(c), 334);
    c = gd_profile_column(&p, "format");
    CHECK(c && c->names && c->names->n == 1 && c->names->category[0].count == 334);
    CHECK_EQ_INT(absent(c), N - 334);
    c = gd_profile_column(&p, "prediction");
    CHECK(c && c->names->n == 3 && c->of == GD_OF_ANSWER);
    CHECK_EQ_INT(gd_column_present(c), N - 10);
    CHECK_EQ_INT(absent(c), 10);
    CHECK_EQ_INT(p.features.n, N);
    CHECK_EQ_INT(p.rows.n, 100);
    CHECK(gd_profile_column(&p, "nonsense") == NULL);
    gd_profile_release(&p);
}

TEST(parts_add_up_to_the_whole)
{
    gd_profile whole, a, b;
    gd_error error = {0};
    const gd_profile_options first = options(0), second = options(1);
    fill(&all);
    CHECK_OK(gd_profile_init(&whole, &first, &error), &error);
    CHECK_OK(gd_profile_init(&a, &first, &error), &error);
    CHECK_OK(gd_profile_init(&b, &second, &error), &error);
    add(&whole, &all, 0, N);
    add(&a, &all, 0, 321);
    add(&b, &all, 321, N);
    CHECK_OK(gd_profile_merge(&a, &b, &error), &error);
    CHECK_EQ_INT(a.items, N);
    CHECK_EQ_INT(a.n_columns, whole.n_columns);
    for (int i = 0; i < whole.n_columns; i++) {
        const gd_column *w = &whole.column[i], *m = gd_profile_column(&a, w->name);
        CHECK(m && m->kind == w->kind && m->of == w->of);
        CHECK_EQ_INT(gd_column_present(m), gd_column_present(w));
        CHECK_EQ_INT(absent(m), absent(w));
        if (w->sketch) /* few enough to be kept as they are */
            CHECK_EQ_INT(gd_sketch_rank(m->sketch, 0.25), gd_sketch_rank(w->sketch, 0.25));
    }
    CHECK_EQ_INT(a.features.n, N);
    CHECK_NEAR(a.features.mean[1], whole.features.mean[1], 1e-9);
    gd_profile_release(&whole);
    gd_profile_release(&a);
    gd_profile_release(&b);
}

TEST(profiles_of_other_models_do_not_add_up)
{
    gd_profile a, b;
    gd_error error = {0};
    gd_profile_options o = options(0);
    CHECK_OK(gd_profile_init(&a, &o, &error), &error);
    o.classes = (const char *const[]){"bicycle", "car", "scooter"};
    CHECK_OK(gd_profile_init(&b, &o, &error), &error);
    CHECK_EQ_INT(gd_profile_merge(&a, &b, &error), GD_INVALID);
    CHECK(strstr(error.message, "class 1 is 'motorcycle' in one and 'car' in the other"));
    gd_profile_release(&a);
    gd_profile_release(&b);
}

TEST(a_tables_columns_are_as_long_as_the_longest)
{
    gd_profile p;
    gd_error error = {0};
    const double x[] = {1, 2, 3, 4.5, NAN}, y[] = {7, 8};
    CHECK_OK(gd_profile_init(&p, &(gd_profile_options){0}, &error), &error);
    CHECK_OK(gd_profile_add_numbers(&p, "x", GD_COLUMN_WHOLE, x, 5, &error), &error);
    CHECK_OK(gd_profile_add_numbers(&p, "y", GD_COLUMN_NUMBERS, y, 2, &error), &error);
    CHECK_OK(gd_profile_settle(&p, &error), &error);
    CHECK_EQ_INT(p.items, 5);
    CHECK_EQ_INT(gd_profile_column(&p, "x")->broken, 1);
    CHECK_EQ_INT(absent(gd_profile_column(&p, "x")), 1);
    CHECK_EQ_INT(absent(gd_profile_column(&p, "y")), 3);
    CHECK_EQ_INT(gd_profile_add_numbers(&p, "y", GD_COLUMN_CIRCLE, y, 2, &error), GD_INVALID);
    gd_profile_release(&p);
}

TEST(an_answer_is_read_off_its_probabilities)
{
    gd_answer_figures a = gd_answer_of((const float[]){0.25f, 0.5f, 0.25f}, 3);
    CHECK_EQ_INT(a.class, 1);
    CHECK_NEAR(a.confidence, 0.5, 1e-7);
    CHECK_NEAR(a.margin, 0.25, 1e-7);
    CHECK_NEAR(a.uncertainty, 1.5 * log(2) / log(3), 1e-7);
    a = gd_answer_of((const float[]){0, 1}, 2);
    CHECK(a.class == 1 && a.uncertainty == 0 && a.margin == 1);
    a = gd_answer_of((const float[]){1}, 1);
    CHECK(a.class == 0 && a.uncertainty == 0 && a.margin == 1);
    a = gd_answer_of((const float[]){0.5f, NAN}, 2);
    CHECK(a.class == -1 && isnan(a.confidence));
    CHECK_EQ_INT(gd_answer_of((const float[]){-1, 2}, 2).class, -1);
}

/* ---- time ---- */

static void add_at(gd_timeline *t, int64_t minute, double confidence)
{
    gd_sighting s = {.time_ms = minute * 60000 + 1};
    for (int k = 0; k < GD_FIGURES; k++)
        s.figure[k] = NAN;
    s.figure[GD_BRIGHTNESS] = 0.5;
    gd_timeline_add(t, &s, &(gd_answer_figures){2, confidence, 0.1, 0.2});
}

static gd_timeline line;

TEST(slots_widen_until_all_times_have_room)
{
    gd_timeline_init(&line, (const int[]){2, 0}, 2);
    const int64_t minutes[] = {1000, 1001, 1127, 990, 1500, 30};
    const int64_t widths[] = {1, 1, 1, 2, 8, 16};
    for (int i = 0; i < 6; i++) {
        int64_t items = 0, classed = 0;
        add_at(&line, minutes[i], 0.9);
        CHECK_EQ_INT(line.width_ms / 60000, widths[i]);
        CHECK(line.n <= GD_TIMELINE_SLOTS && line.first_ms % line.width_ms == 0);
        for (int k = 0; k < line.n; k++) {
            items += line.slot[k].items;
            classed += line.slot[k].class[0];
        }
        CHECK_EQ_INT(items, i + 1);
        CHECK_EQ_INT(classed, i + 1);
    }
    for (int i = 0; i < 6; i++) { /* each is where its time is */
        const int64_t at = (minutes[i] * 60000 - line.first_ms) / line.width_ms;
        CHECK(at >= 0 && at < line.n && line.slot[at].items > 0);
    }
    CHECK_EQ_INT(line.slot[0].items, 1);
}

TEST(times_from_any_age_have_room)
{
    gd_timeline_init(&line, NULL, 0);
    add_at(&line, -5, 0.5);
    add_at(&line, INT64_C(1) << 33, 0.5);
    add_at(&line, -(INT64_C(1) << 33), 0.5);
    CHECK(line.n <= GD_TIMELINE_SLOTS);
    CHECK_EQ_INT(line.timeless, 0);
    gd_timeline_add(&line, &(gd_sighting){.time_ms = INT64_MIN}, NULL);
    gd_timeline_add(&line, &(gd_sighting){.time_ms = INT64_MAX}, NULL);
    CHECK_EQ_INT(line.timeless, 2);
}

TEST(a_slots_quantiles_are_those_of_its_bins)
{
    gd_timeline_init(&line, NULL, 0);
    CHECK(isnan(gd_time_slot_quantile(&line.slot[0], 0.5)));
    for (int i = 0; i < 100; i++)
        add_at(&line, 7, (i + 0.5) / 100);
    for (double q = 0.1; q < 1; q += 0.2)
        CHECK_NEAR(gd_time_slot_quantile(&line.slot[0], q), q, 0.011);
    CHECK_NEAR(line.slot[0].sum[GD_BRIGHTNESS], 50, 1e-9);
    CHECK_EQ_INT(line.slot[0].class[GD_TIMELINE_CLASSES], 100);
}

/* ---- pictures ---- */

TEST(a_gallery_keeps_a_fair_sample_small_and_in_colour)
{
    static uint8_t pixels[100 * 200 * 3];
    int kept[200] = {0};
    gd_gallery g;
    gd_exhibit *e;
    gd_error error = {0};
    for (uint64_t seed = 0; seed < 200; seed++) {
        CHECK_OK(gd_gallery_init(&g, 10, seed, &error), &error);
        for (int i = 0; i < 200; i++) {
            pixels[0] = (uint8_t)i;
            if (!gd_gallery_wants(&g)) {
                gd_gallery_pass(&g);
                continue;
            }
            CHECK_OK(gd_gallery_add(&g, &(gd_image){1, 1, 1, pixels}, &all.sighting[i], "a", &e, &error), &error);
            CHECK(e && e->pixels[0] == i && e->pixels[1] == i && e->pixels[2] == i);
        }
        CHECK_EQ_INT(g.n, 10);
        for (int i = 0; i < g.n; i++)
            kept[g.exhibit[i].pixels[0]]++;
        gd_gallery_release(&g);
    }
    for (int i = 0; i < 200; i++) /* 10 each, 5.5 deviations */
        CHECK(kept[i] < 28);
    CHECK_OK(gd_gallery_init(&g, 1, 1, &error), &error);
    memset(pixels, 200, sizeof pixels);
    CHECK_OK(gd_gallery_add(&g, &(gd_image){100, 200, 3, pixels}, &all.sighting[0], "b", &e, &error), &error);
    CHECK(e->height == 32 && e->width == 64 && e->pixels[32 * 64 * 3 - 1] == 200);
    gd_gallery_release(&g);
}

/* ---- a window against its baseline ---- */

TEST(a_window_counts_by_the_baselines_tables)
{
    static int32_t label[N], answer[N];
    static float confidence[N];
    gd_baseline b = {0};
    gd_window w;
    gd_error error = {0};
    const gd_profile_options o = options(0);
    fill(&all);
    for (int i = 0; i < N; i++) {
        answer[i] = i % 3;
        label[i] = i % 5 == 0 ? (i + 1) % 3 : i % 3; /* right on four fifths */
        confidence[i] = all.probability[i][i % 3];
    }
    CHECK_OK(gd_profile_init(&b.profile, &o, &error), &error);
    add(&b.profile, &all, 0, N);
    CHECK_OK(gd_competence_fit(&b.competence, 3, label, answer, confidence, N, &error), &error);
    CHECK_OK(gd_directions_init(&b.directions, &b.profile.features, &error), &error);
    CHECK_NEAR(b.competence.accuracy.value, 0.8, 1e-12);
    CHECK(b.competence.accuracy.low < 0.8 && b.competence.accuracy.high > 0.8);
    CHECK_EQ_INT(b.competence.confusion[0] + b.competence.confusion[4] + b.competence.confusion[8], 800);
    CHECK_OK(gd_window_init(&w, &b, 2, &error), &error);
    for (int i = 0; i < N; i++)
        CHECK_OK(gd_window_add(&w, &b, &all.sighting[i], &error), &error);
    CHECK_OK(gd_window_settle(&w, &b, &error), &error);
    int64_t steps = 0, cells = 0;
    for (int i = 0; i < b.competence.calibration.n; i++)
        steps += w.step[i];
    for (int i = 0; i < 3 * b.competence.shift.parts; i++)
        cells += w.cell[i];
    CHECK_EQ_INT(steps, N - 10);
    CHECK_EQ_INT(cells, N - 10);
    CHECK_EQ_INT(w.n_map, N);
    CHECK_EQ_INT(w.timeline.n_classes, 3);
    CHECK_EQ_INT(w.timeline.shown[0], 0); /* 330 of each: the first to come */
    gd_window_release(&w);
    gd_baseline_release(&b);
}

TEST(labels_of_no_class_are_refused)
{
    gd_competence c;
    gd_error error = {0};
    const int32_t label[] = {0, 3}, answer[] = {0, 1};
    CHECK_EQ_INT(gd_competence_fit(&c, 3, label, answer, (const float[]){0.5f, 0.5f}, 2, &error), GD_INVALID);
    CHECK(strstr(error.message, "1 of 2 labels"));
    CHECK_OK(gd_competence_fit(&c, 3, label, answer, NULL, 0, &error), &error);
    CHECK_EQ_INT(c.n, 0);
}
