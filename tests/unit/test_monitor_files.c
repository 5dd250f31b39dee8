// SPDX-License-Identifier: Apache-2.0
/* What is written is read back, bit for bit; what a person may have done to it is told with its place. */
#include "base/clock.h"
#include "base/json.h"
#include "baseline_files.h"

#include <stdio.h>

static const char *text_of(const char *path)
{
    gd_arena arena = {0};
    gd_error error = {0};
    char *text;
    size_t bytes;
    CHECK_OK(gd_file_read(path, 1 << 26, &arena, &text, &bytes, &error), &error);
    const char *copy = unit_text("%s", text);
    gd_arena_release(&arena);
    return copy;
}

/* ---- bit for bit ---- */

static void same(const void *a, const void *b, size_t bytes) { CHECK(memcmp(a, b, bytes) == 0); }

static void same_sketch(const gd_sketch *a, const gd_sketch *b)
{
    same(&a->moments, &b->moments, sizeof a->moments);
    CHECK_EQ_INT(a->levels, b->levels);
    CHECK_EQ_INT(a->room, b->room);
    CHECK(a->variance == b->variance && a->seed == b->seed && a->blocks == b->blocks);
    same(a->halvings, b->halvings, sizeof a->halvings);
    same(a->start, b->start, (size_t)(a->levels + 1) * sizeof a->start[0]);
    same(a->item + a->start[0], b->item + b->start[0], (size_t)(GD_SKETCH_ITEMS - a->start[0]) * sizeof a->item[0]);
}

static void same_names(const gd_categories *a, const gd_categories *b)
{
    CHECK_EQ_INT(a->n, b->n);
    CHECK(a->other == b->other && a->absent == b->absent);
    for (int i = 0; i < a->n; i++) {
        CHECK_TEXT(a->category[i].name, b->category[i].name);
        CHECK(a->category[i].count == b->category[i].count);
    }
    same(a->slot, b->slot, sizeof a->slot);
}

static void same_columns(const gd_profile *a, const gd_profile *b)
{
    CHECK_EQ_INT(a->n_columns, b->n_columns);
    CHECK_EQ_INT(a->items, b->items);
    for (int i = 0; i < a->n_columns; i++) {
        const gd_column *x = &a->column[i], *y = &b->column[i];
        CHECK_TEXT(x->name, y->name);
        CHECK(x->kind == y->kind && x->of == y->of && x->broken == y->broken && !x->names == !y->names);
        if (x->names)
            same_names(x->names, y->names);
        else
            same_sketch(x->sketch, y->sketch);
    }
}

static void same_features(const gd_baseline *a, const gd_baseline *b)
{
    const gd_scatter *s = &a->profile.features, *t = &b->profile.features;
    const size_t d = MONITORED_FEATURES;
    float *x = malloc(sizeof *x * 500 * d), *y = malloc(sizeof *y * 500 * d);
    gd_error error = {0};
    CHECK(s->dims == t->dims && s->n == t->n && s->skipped == t->skipped);
    same(s->mean, t->mean, d * sizeof(double));
    for (size_t i = 0; i < d; i++)
        same(s->products + i * d + i, t->products + i * d + i, (d - i) * sizeof(double));
    CHECK(a->profile.rows.n == 500 && b->profile.rows.n == 500 && a->profile.rows.seen == b->profile.rows.seen);
    CHECK(a->profile.rows.seed == b->profile.rows.seed && b->profile.rows.most == 500);
    CHECK_OK(gd_rows_copy(&a->profile.rows, x, &error), &error);
    CHECK_OK(gd_rows_copy(&b->profile.rows, y, &error), &error);
    same(x, y, 500 * d * sizeof(float));
    CHECK_EQ_INT(a->directions.dims, b->directions.dims);
    same(a->directions.mean, b->directions.mean, d * sizeof(double));
    same(a->directions.variance, b->directions.variance, d * sizeof(double));
    same(a->directions.vector, b->directions.vector, d * d * sizeof(double));
    free(x);
    free(y);
}

static void same_competence(const gd_competence *a, const gd_competence *b)
{
    const size_t classes = MONITORED_CLASSES, cells = classes * (size_t)a->shift.parts;
    CHECK_EQ_INT(a->n, b->n);
    same(&a->accuracy, &b->accuracy, sizeof a->accuracy);
    CHECK(a->calibration_error == b->calibration_error && a->calibration.n == b->calibration.n && a->calibration.n > 1);
    for (int i = 0; i < a->calibration.n; i++)
        CHECK(a->calibration.top[i] == b->calibration.top[i] && a->calibration.count[i] == b->calibration.count[i] &&
              a->calibration.right[i] == b->calibration.right[i]);
    CHECK(a->shift.classes == b->shift.classes && a->shift.parts == b->shift.parts && a->shift.parts == GD_SHIFT_PARTS);
    same(a->shift.edge, b->shift.edge, sizeof a->shift.edge[0] * (size_t)(a->shift.parts - 1));
    same(a->shift.count, b->shift.count, cells * classes * sizeof a->shift.count[0]);
    same(a->confusion, b->confusion, classes * classes * sizeof a->confusion[0]);
}

static void same_rules(const gd_rules *a, const gd_rules *b)
{
    CHECK(a->alarms_per_month == b->alarms_per_month && a->checks_per_month == b->checks_per_month);
    CHECK(a->compare == b->compare && a->robust == b->robust && a->disabled == b->disabled);
    CHECK(a->threshold == b->threshold && a->datatype_threshold == b->datatype_threshold &&
          a->domain_threshold == b->domain_threshold);
    CHECK_EQ_INT(a->n, b->n);
    for (int i = 0; i < a->n; i++) {
        const gd_column_rule *x = &a->column[i], *y = &b->column[i];
        CHECK_TEXT(x->name, y->name);
        CHECK(x->kind == y->kind && x->completeness == y->completeness && x->non_negative == y->non_negative);
        CHECK(x->any_kind == y->any_kind &&
              (x->threshold == y->threshold || (isnan(x->threshold) && isnan(y->threshold))));
        CHECK_EQ_INT(x->n_domain, y->n_domain);
        for (int k = 0; k < x->n_domain; k++)
            CHECK_TEXT(x->domain[k], y->domain[k]);
    }
}

TEST(a_baseline_comes_back_bit_for_bit)
{
    gd_baseline b;
    const gd_baseline *a = write_one();
    read_back(&b);
    same_columns(&a->profile, &b.profile);
    same_features(a, &b);
    same_competence(&a->competence, &b.competence);
    same_rules(&a->rules, &b.rules);
    CHECK_TEXT(b.model, a->model);
    CHECK_TEXT(b.source, a->source);
    CHECK_EQ_INT(b.profile.options.n_classes, MONITORED_CLASSES);
    for (int i = 0; i < MONITORED_CLASSES; i++)
        CHECK_TEXT(b.profile.options.classes[i], monitored_classes[i]);
    CHECK(b.profile.options.seed == 3);
    gd_baseline_release(&written);
    gd_baseline_release(&b);
}

/* A sketch that is read goes on as the one that was written would have, its coins too: number by number, and in blocks
 * that are sorted. */
TEST(a_sketch_goes_on_as_it_would_have)
{
    enum { MORE = 40000 };
    gd_baseline b;
    gd_error error = {0};
    double *more = malloc(sizeof *more * MORE);
    const gd_baseline *a = write_one();
    gd_sketch *x = a->profile.column[3].sketch;
    CHECK(x->halvings[0] > 0);
    for (int i = 0; i < MORE; i++)
        more[i] = monitored_uniform(9, 9, i);
    for (int round = 0; round < 3; round++) {
        read_back(&b);
        gd_sketch *y = b.profile.column[3].sketch;
        for (int i = 0; i < 3000; i++) {
            gd_sketch_add(x, &more[i], 1);
            gd_sketch_add(y, &more[i], 1);
        }
        gd_sketch_add(x, more, MORE);
        gd_sketch_add(y, more, MORE);
        same_sketch(x, y);
        gd_baseline_release(&b);
        CHECK_OK(gd_baseline_write(unit_folder(), a, &error), &error);
    }
    CHECK(x->blocks > 0);
    free(more);
    gd_baseline_release(&written);
}

static void same_verdict(const gd_baseline *a, const gd_baseline *b)
{
    const monitored_harm harm = {.darker = 0.05f, .unsure = 0.3f};
    const gd_baseline *of[] = {a, b};
    gd_text text[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        gd_window window;
        gd_verdict verdict;
        gd_arena arena = {0};
        gd_error error = {0};
        monitored_window(of[i], 8, 400, &harm, &window);
        CHECK_OK(gd_verdict_make(of[i], &window, &arena, &verdict, &error), &error);
        gd_verdict_print_json(&verdict, of[i], &window, &text[i]);
        gd_arena_release(&arena);
        gd_window_release(&window);
    }
    CHECK_TEXT(text[0].at, text[1].at);
    gd_text_release(&text[0]);
    gd_text_release(&text[1]);
}

TEST(verdicts_are_the_same_by_what_is_read)
{
    gd_baseline b;
    const gd_baseline *a = write_one();
    read_back(&b);
    same_verdict(a, &b);
    gd_baseline_release(&written);
    gd_baseline_release(&b);
}

TEST(a_baseline_is_read_in_milliseconds)
{
    gd_baseline b;
    (void)write_one();
    double best = 1;
    for (int i = 0; i < 5; i++) {
        const double from = gd_seconds();
        read_back(&b);
        best = fmin(best, gd_seconds() - from);
        gd_baseline_release(&b);
    }
    printf("a baseline of %d columns is read in %.2f ms\n", written.profile.n_columns, best * 1e3);
    CHECK(best < 0.15); /* ten times what it is meant to take: other work may be on this machine */
    gd_baseline_release(&written);
}

TEST(typical_pictures_come_back)
{
    gd_error error = {0};
    gd_baseline b;
    uint8_t pixels[40 * 30 * 3];
    const monitored_harm none = {0};
    monitored_baseline(3, 300, 720, &written);
    CHECK_OK(gd_gallery_init(&written.typical, 5, 1, &error), &error);
    for (int i = 0; i < 9; i++) {
        gd_exhibit *exhibit;
        monitored_picture p;
        monitored_draw(4, i, &none, &p);
        for (size_t k = 0; k < sizeof pixels; k++)
            pixels[k] = (uint8_t)(k * 7 + (size_t)i);
        const gd_image picture = {.height = 40, .width = 30 - i, .channels = 3, .pixels = pixels};
        CHECK_OK(gd_gallery_add(&written.typical, &picture, &p.sighting, unit_text("a/%d.png", i), &exhibit, &error),
                 &error);
    }
    written.typical.exhibit[1].answer = (gd_answer_figures){2, 0.5, 0.25, 0.125};
    CHECK_OK(gd_baseline_write(unit_folder(), &written, &error), &error);
    read_back(&b);
    CHECK_EQ_INT(b.typical.n, 5);
    for (int i = 0; i < 5; i++) {
        const gd_exhibit *x = &written.typical.exhibit[i], *y = &b.typical.exhibit[i];
        CHECK(x->key == y->key && x->height == y->height && x->width == y->width && x->time_ms == y->time_ms);
        same(x->pixels, y->pixels, (size_t)x->height * (size_t)x->width * 3);
        same(x->figure, y->figure, sizeof x->figure);
        same(&x->answer, &y->answer, sizeof x->answer);
        same(x->at, y->at, sizeof x->at);
        CHECK_TEXT(x->place, y->place);
    }
    gd_baseline_release(&written);
    gd_baseline_release(&b);
}

/* ---- without baseline.safetensors ---- */

TEST(statistics_json_alone_has_the_same_columns)
{
    gd_baseline b;
    const gd_baseline *a = write_one();
    CHECK(remove(unit_path("baseline.safetensors")) == 0);
    read_back(&b);
    CHECK_EQ_INT(b.profile.n_columns, a->profile.n_columns);
    for (int i = 0; i < a->profile.n_columns; i++) {
        const gd_column *x = &a->profile.column[i], *y = &b.profile.column[i];
        CHECK(strcmp(x->name, y->name) == 0 && x->kind == y->kind && x->of == y->of);
        if (x->names)
            CHECK(gd_categories_total(x->names) == gd_categories_total(y->names));
        else
            same(x->sketch->item + x->sketch->start[0], y->sketch->item + y->sketch->start[0],
                 (size_t)(GD_SKETCH_ITEMS - x->sketch->start[0]) * sizeof(double));
        CHECK(x->names || y->sketch->variance >= x->sketch->variance);
    }
    CHECK_EQ_INT(b.competence.n, 0);
    gd_baseline_release(&written);
    gd_baseline_release(&b);
}

TEST(a_managed_baseline_is_read)
{
    gd_baseline b;
    write_managed();
    read_back(&b);
    const gd_column *mins = gd_profile_column(&b.profile, "Day Mins");
    CHECK_EQ_INT(b.profile.n_columns, 2);
    CHECK_EQ_INT(b.profile.items, 6);
    CHECK(mins->kind == GD_COLUMN_NUMBERS && mins->of == GD_OF_TABLE);
    CHECK(gd_sketch_rank(mins->sketch, 1.5) == 3 && gd_sketch_rank(mins->sketch, 2) == 5);
    CHECK_NEAR(gd_moments_mean(&mins->sketch->moments), 2, 0);
    CHECK_NEAR(gd_moments_deviation(&mins->sketch->moments), 1, 1e-15);
    CHECK(gd_profile_column(&b.profile, "State")->names->category[0].count == 4);
    CHECK(isnan(b.rules.alarms_per_month) && !b.rules.robust && b.rules.compare && b.rules.domain_threshold == 0.5);
    CHECK_EQ_INT(b.rules.n, 3);
    CHECK(b.rules.column[0].threshold == 0.25 && b.rules.column[0].non_negative && !b.rules.column[0].any_kind);
    CHECK(b.rules.column[1].n_domain == 2 && b.rules.column[1].completeness == 0.9 && b.rules.column[2].any_kind);
    gd_baseline_release(&b);
}

TEST(a_managed_baseline_is_judged_as_it_would_be)
{
    gd_baseline b;
    gd_window window;
    gd_verdict verdict;
    gd_arena arena = {0};
    gd_error error = {0};
    write_managed();
    read_back(&b);
    CHECK_OK(gd_window_init(&window, &b, 1, &error), &error);
    CHECK_OK(gd_profile_add_numbers(&window.profile, "Day Mins", GD_COLUMN_NUMBERS, (const double[]){4, 4}, 2, &error),
             &error);
    CHECK_OK(gd_window_settle(&window, &b, &error), &error);
    CHECK_OK(gd_verdict_make(&b, &window, &arena, &verdict, &error), &error);
    CHECK_TEXT(monitored_violation(&verdict, "Day Mins", GD_BASELINE_DRIFT),
               "Numerical distance: 0.8333 exceeds numerical threshold: 0.25");
    CHECK(monitored_violation(&verdict, "State", GD_MISSING_COLUMN));
    CHECK(!verdict.pictures);
    gd_arena_release(&arena);
    gd_window_release(&window);
    gd_baseline_release(&b);
}

/* ---- what people do to constraints.json ---- */

/* With `was` replaced by `is`, reading fails as told. */
static void refuses(const char *was, const char *is, gd_status status, const char *why)
{
    gd_baseline b;
    gd_error error = {0};
    const char *text = text_of(unit_path("constraints.json")), *at = strstr(text, was);
    CHECK(at);
    write_text("constraints.json", unit_text("%.*s%s%s", (int)(at - text), text, is, at + strlen(was)));
    CHECK_FAILS(gd_baseline_read(unit_folder(), &b, &error), status, &error, why);
    CHECK(b.profile.n_columns == 0 && b.rules.n == 0);
    write_text("constraints.json", text);
}

TEST(mistakes_in_constraints_have_a_place)
{
    (void)write_one();
    refuses("\"alarms_per_month\": 1", "\"alarm_per_month\": 1", GD_INVALID,
            "unknown key 'alarm_per_month'; did you mean 'alarms_per_month'?");
    refuses("\"alarms_per_month\": 1", "\"alarms_per_month\": 0", GD_INVALID, "constraints.json:");
    refuses("\"alarms_per_month\": 1", "\"alarms_per_month\": 0", GD_INVALID, "outside 1e-06 to 1000");
    refuses("\"checks_per_month\": 720", "\"checks_per_month\": \"daily\"", GD_INVALID, "where a number is wanted");
    refuses("\"Robust\"", "\"robust\"", GD_INVALID, "did you mean 'Robust'?");
    refuses("\"completeness\": 0,", "\"completeness\": 1.5,", GD_INVALID, "'completeness' is 1.5, outside 0 to 1");
    refuses("\"completeness\": 0,", "\"completeness\": ,", GD_FORMAT, "constraints.json:");
    refuses("\"completeness\"", "\"completness\"", GD_INVALID,
            "constraints.json:7:7: unknown key 'completness'; did you mean 'completeness'?");
    refuses("\"is_non_negative\"", "\"non_negative\"", GD_INVALID, "did you mean 'is_non_negative'?");
    refuses("\"domains\"", "\"domain\"", GD_INVALID, "did you mean 'domains'?");
    refuses("\"monitoring_config\"", "\"monitor_config\"", GD_INVALID, "did you mean 'monitoring_config'?");
    refuses("\"datatype_check_threshold\"", "\"data_type_check_threshold\"", GD_INVALID, "did you mean 'datatype_ch");
    refuses("\"comparison_threshold\"", "\"comparison_treshold\"", GD_INVALID, "did you mean 'comparison_threshold'?");
    refuses("\"contrast\"", "\"brightness\"", GD_INVALID, "column 'brightness' has constraints already");
    refuses("\"domains\": [", "\"domains\": [[],", GD_INVALID, "is no text");
    refuses("\"perform_comparison\": \"Enabled\"", "\"perform_comparison\": true", GD_INVALID, "'true'");
    refuses("\"features\"", "\"columns\"", GD_FORMAT, "'features' is missing");
    gd_baseline_release(&written);
}

TEST(what_is_edited_holds)
{
    gd_baseline b;
    (void)write_one();
    const char *text = text_of(unit_path("constraints.json")),
               *at = strstr(text, "\"evaluate_constraints\": \"Enabled\"");
    CHECK(at);
    write_text("constraints.json", unit_text("%.*s\"evaluate_constraints\": \"Disabled\"%s", (int)(at - text), text,
                                             at + strlen("\"evaluate_constraints\": \"Enabled\"")));
    read_back(&b);
    CHECK(b.rules.disabled);
    gd_baseline_release(&b);
    gd_baseline_release(&written);
}

/* ---- what strangers do to the others ---- */

TEST(a_folder_that_is_none_says_how_to_make_one)
{
    gd_baseline b;
    gd_error error = {0};
    CHECK_FAILS(gd_baseline_read(unit_folder(), &b, &error), GD_IO, &error,
                "it lacks constraints.json; 'griddle monitor");
    write_text("constraints.json", "{\"features\": []}");
    CHECK_FAILS(gd_baseline_read(unit_folder(), &b, &error), GD_IO, &error, "it lacks statistics.json");
}

/* Past the seal, which nobody hits by chance. */
static gd_status unpack(gd_baseline *b, gd_error *error)
{
    gd_safetensors file;
    *b = (gd_baseline){0};
    GD_TRY(gd_safetensors_open(unit_path("baseline.safetensors"), &file, error));
    const gd_status status = gd_unpack(&file, b, error);
    gd_safetensors_close(&file);
    return status;
}

/* A byte of baseline.safetensors changed, over and over: what is read is refused, or can be judged. */
TEST(changed_tensors_hurt_nobody)
{
    gd_arena arena = {0};
    gd_error error = {0};
    char *bytes;
    size_t length;
    int refused = 0;
    (void)write_one();
    CHECK_OK(gd_file_read(unit_path("baseline.safetensors"), 1 << 26, &arena, &bytes, &length, &error), &error);
    for (int i = 0; i < 300; i++) {
        gd_baseline b;
        const size_t at = i < 150 ? (size_t)(3000 * monitored_uniform(5, 0, i))
                                  : (size_t)((double)length * monitored_uniform(5, 0, i));
        const char was = bytes[at];
        bytes[at] = (char)(was ^ (1 << (int)(8 * monitored_uniform(5, 1, i))));
        CHECK_OK(gd_file_write(unit_path("baseline.safetensors"), bytes, length, &error), &error);
        bytes[at] = was;
        if (unpack(&b, &error) == GD_OK) {
            gd_window window;
            gd_verdict verdict;
            gd_arena of = {0};
            const monitored_harm none = {0};
            if (b.profile.options.n_classes == MONITORED_CLASSES &&
                b.profile.options.n_features == MONITORED_FEATURES) {
                CHECK_OK(gd_rules_of(&b.profile, 1, 720, &b.rules, &error), &error);
                monitored_window(&b, 8, 30, &none, &window);
                CHECK_OK(gd_verdict_make(&b, &window, &of, &verdict, &error), &error);
                gd_window_release(&window);
            }
            gd_arena_release(&of);
        } else {
            char text[1024];
            refused++;
            CHECK_CONTAINS(gd_error_text(&error, text, sizeof text), ".safetensors");
        }
        gd_baseline_release(&b);
        error = (gd_error){0};
    }
    printf("%d of 300 changed files are refused\n", refused);
    CHECK(refused > 30);
    gd_arena_release(&arena);
    gd_baseline_release(&written);
}

/* ---- what people and programs read ---- */

TEST(a_verdict_is_one_json_object_and_a_table)
{
    const monitored_harm harm = {.darker = 0.1f, .cats = 0.4f, .no_file = true};
    gd_window window;
    gd_verdict verdict;
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *root;
    gd_text json = {0}, violations = {0}, table = {0};
    monitored_baseline(3, 3000, 720, &written);
    monitored_window(&written, 8, 400, &harm, &window);
    CHECK_OK(gd_verdict_make(&written, &window, &arena, &verdict, &error), &error);
    window.unfinished = 4;
    gd_verdict_print_json(&verdict, &written, &window, &json);
    gd_violations_print(&verdict, &violations);
    gd_verdict_print(&verdict, &written, &window, &table);
    CHECK_OK(gd_json_parse(&arena, "check.json", json.at, json.length, (gd_json_limits){0}, &root, &error), &error);
    CHECK_EQ_INT(gd_attr_count(gd_attr_find(root, "columns")), verdict.n_columns);
    CHECK_CONTAINS(json.at, "\"unfinished_records\": 4");
    CHECK_CONTAINS(json.at, "\"anderson_darling\": ");
    CHECK_CONTAINS(json.at, "\"p_by\": \"limit\"");
    CHECK_EQ_INT(gd_attr_count(gd_attr_find(root, "violations")), verdict.n_violations);
    CHECK_OK(gd_json_parse(&arena, "v", violations.at, violations.length, (gd_json_limits){0}, &root, &error), &error);
    CHECK_EQ_INT(gd_attr_count(gd_attr_find(root, "violations")), verdict.n_violations);
    CHECK_CONTAINS(table.at, "  ! brightness ");
    CHECK_CONTAINS(table.at, "true classes, estimated: 'cat' 63.2% (55.6% to 70.9%), was 32.6%; 'dog' ");
    CHECK_CONTAINS(table.at, "not comparable, as one side does not have it: format, bytes, quality");
    CHECK(strstr(table.at, "  ! brightness") < strstr(table.at, "    contrast")); /* alarms first */
    printf("%s", table.at);
    gd_text_release(&json);
    gd_text_release(&violations);
    gd_text_release(&table);
    gd_arena_release(&arena);
    gd_window_release(&window);
    gd_baseline_release(&written);
}

TEST(no_violations_are_an_empty_list)
{
    const gd_verdict fine = {.items = 3};
    gd_text out = {0};
    gd_violations_print(&fine, &out);
    CHECK_TEXT(out.at, "{\n  \"violations\": []\n}\n");
    gd_text_release(&out);
}
