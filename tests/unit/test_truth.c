// SPDX-License-Identifier: Apache-2.0
/* Labels by id, and captures that they are brought together with. */
#include "quality/merge.h"

#include "base/file.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL(id, data)                                                                                                \
    "{\"groundTruthData\":{\"data\":\"" data "\",\"encoding\":\"CSV\"},\"eventMetadata\":{\"eventId\":\"" id           \
    "\"},\"eventVersion\":\"0\"}\n"
#define ANSWER(text)                                                                                                   \
    "\"captureData\":{\"endpointOutput\":{\"observedContentType\":\"application/"                                      \
    "json\",\"mode\":\"OUTPUT\",\"data\":\"" text "\",\"encoding\":\"JSON\"}}"
#define RECORD(ids, text)                                                                                              \
    "{" ANSWER(text) ",\"eventMetadata\":{" ids ",\"inferenceTime\":\"2026-11-27T01:02:03Z\"},\"eventVersion\":\"0\"}" \
                     "\n"
#define EVENT(id) "\"eventId\":\"" id "\""
#define BOTH(event, inference) EVENT(event) ",\"inferenceId\":\"" inference "\""

static const char *write_file(const char *name, const char *text)
{
    gd_error error = {0};
    const char *path = unit_path("%s", name);
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    CHECK_OK(gd_folder_make(folder, &error), &error);
    CHECK_OK(gd_file_write(path, text, strlen(text), &error), &error);
    return path;
}

static void read_truth(gd_truth *truth, const char *path, int64_t to_ms)
{
    gd_error error = {0};
    CHECK_OK(gd_truth_read(truth, (const char *const[]){path, NULL}, to_ms, NULL, &error), &error);
}

/* What an id is labelled; "-": nothing. */
static const char *label_of(gd_truth *truth, const char *id)
{
    const gd_truth_label *label = gd_truth_find(truth, id);
    return label ? truth->words.at[label->word] : "-";
}

static const char *text_of(const gd_error *what)
{
    char text[sizeof *what + 32];
    return unit_text("%s", gd_error_text(what, text, sizeof text));
}

/* ---- labels alone ---- */

TEST(later_labels_correct_earlier_ones)
{
    gd_truth truth;
    read_truth(
        &truth,
        write_file("l.jsonl", LABEL("a", "0") LABEL("b", "cat") LABEL("a", "0") LABEL("b", "dog") LABEL("b", "cat")),
        0);
    CHECK_EQ_INT(truth.ids.n, 2);
    CHECK_TEXT(label_of(&truth, "a"), "0");
    CHECK_TEXT(label_of(&truth, "b"), "cat");
    CHECK_TEXT(label_of(&truth, "c"), "-");
    CHECK_TEXT(label_of(&truth, NULL), "-");
    CHECK_EQ_INT(truth.repeated, 1);
    CHECK_EQ_INT(truth.contradicting, 2);
    CHECK_CONTAINS(text_of(&truth.contradiction), "l.jsonl:4:1: 'b' is labelled 'dog', and was 'cat' before");
    gd_truth_release(&truth);
}

TEST(the_hour_of_a_folder_orders_labels_and_makes_them_late)
{
    gd_truth truth;
    int64_t noon;
    gd_error error = {0};
    const char *folder = unit_path("labels");
    write_file("labels/2026/11/27/12/b.jsonl", LABEL("a", "late") LABEL("b", "late"));
    write_file("labels/2026/11/27/11/z.jsonl", LABEL("a", "early") LABEL("c", "early"));
    noon = INT64_C(1795780800000); /* 2026-11-27T12:00:00Z */
    read_truth(&truth, folder, noon);
    CHECK_TEXT(label_of(&truth, "a"), "late");
    CHECK(gd_truth_find(&truth, "a")->late);
    CHECK(gd_truth_find(&truth, "b")->late);
    CHECK(!gd_truth_find(&truth, "c")->late);
    gd_truth_release(&truth);
    read_truth(&truth, folder, noon + 1);
    CHECK(!gd_truth_find(&truth, "b")->late);
    gd_truth_release(&truth);
    read_truth(&truth, folder, 0);
    CHECK(!gd_truth_find(&truth, "b")->late);
    gd_truth_release(&truth);
    CHECK_FAILS(gd_truth_read(&truth, (const char *const[]){unit_path("none"), NULL}, 0, NULL, &error), GD_IO, &error,
                "none");
    gd_truth_release(&truth);
}

TEST(many_ids_are_found_again)
{
    enum { N = 20000 };
    gd_texts texts = {0};
    gd_error error = {0};
    int64_t number;
    char text[32];
    for (int i = 0; i < N; i++) {
        snprintf(text, sizeof text, "%d", i);
        CHECK_OK(gd_texts_put(&texts, text, &number, &error), &error);
        CHECK_EQ_INT(number, i);
        snprintf(text, sizeof text, "%d", i / 2);
        CHECK_OK(gd_texts_put(&texts, text, &number, &error), &error);
        CHECK_EQ_INT(number, i / 2);
    }
    CHECK_EQ_INT(texts.n, N);
    CHECK_EQ_INT(gd_texts_find(&texts, "20000"), -1);
    CHECK_TEXT(texts.at[777], "777");
    gd_texts_release(&texts);
    CHECK_EQ_INT(gd_texts_find(&texts, "1"), -1);
}

TEST(a_label_is_a_name_or_else_a_position)
{
    static const char *const names[] = {"cat", "2", "dog"};
    CHECK_EQ_INT(gd_truth_class("dog", 3, names), 2);
    CHECK_EQ_INT(gd_truth_class("2", 3, names), 1); /* it is called so */
    CHECK_EQ_INT(gd_truth_class("0", 3, names), 0);
    CHECK_EQ_INT(gd_truth_class("0.0", 3, names), 0);
    CHECK_EQ_INT(gd_truth_class("2", 3, NULL), 2);
    static const char *const none[] = {"3", "-1", "0.5", "1e99", "1 ", "zebra", "nan", "inf", "", " 1", "Cat"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        CHECK_EQ_INT(gd_truth_class(none[i], 3, names), -1);
}

/* ---- brought together ---- */

typedef struct merged {
    gd_truth truth;
    gd_worth worth;
    gd_grades grades;
    gd_survey_model model;
    gd_survey_capture what;
    gd_arena arena;
    gd_merge merge;
} merged;

static gd_status merge_files(merged *m, const char *records, const char *labels, const char *const *classes,
                             int n_classes, gd_error *error)
{
    static const char *paths[2];
    *m = (merged){0};
    paths[0] = write_file("c.jsonl", records);
    m->what.read.paths = paths;
    read_truth(&m->truth, write_file("l.jsonl", labels), 0);
    CHECK_OK(gd_worth_init(&m->worth, 3, error), error);
    m->merge = (gd_merge){.what = &m->what,
                          .model = &m->model,
                          .n_classes = n_classes,
                          .classes = classes,
                          .truth = &m->truth,
                          .worth = &m->worth,
                          .arena = &m->arena,
                          .grades = &m->grades};
    return gd_merge_run(&m->merge, error);
}

static void release(merged *m)
{
    gd_truth_release(&m->truth);
    gd_worth_release(&m->worth);
    gd_grades_release(&m->grades);
    gd_arena_release(&m->arena);
}

TEST(ids_of_clients_come_before_those_of_the_server)
{
    merged m;
    gd_error error = {0};
    CHECK_OK(merge_files(&m,
                         RECORD(BOTH("e1", "mine"), "[0.9,0.1]") RECORD(EVENT("e2"), "[0.2,0.8]")
                             RECORD(BOTH("e3", "e2"), "[0.4,0.6]") /* e2 again: the first has the label */
                         RECORD(EVENT("e4"), "[0.7,0.3]") RECORD(EVENT("e5"), "[[0.7,0.3],[0.5,0.5]]")
                             RECORD(EVENT("e6"), "[null,null]"),
                         LABEL("mine", "0") LABEL("e1", "1") LABEL("e2", "0") LABEL("e5", "1") LABEL("e6", "1"), NULL,
                         0, &error),
             &error);
    const gd_merge_counts *c = &m.merge.counts;
    CHECK_EQ_INT(c->records, 6);
    CHECK_EQ_INT(c->merged, 2);
    CHECK_EQ_INT(c->again, 1);
    CHECK_EQ_INT(c->without_label, 1);
    CHECK_TEXT(c->id_unlabelled, "e4");
    CHECK_EQ_INT(c->several, 1);
    CHECK_EQ_INT(c->without_answer, 1);
    CHECK_EQ_INT(c->labels_left, 1); /* those of e5 and e6 have records, without an answer that is meant */
    CHECK_TEXT(c->id_left, "e1");
    CHECK_EQ_INT(m.grades.n, 2);
    CHECK_EQ_INT(m.grades.label[1], 0);
    CHECK_EQ_INT(m.grades.answer[1], 1);
    CHECK_NEAR((double)m.grades.score[1], 0.8, 1e-7);
    CHECK_TEXT(m.merge.classes[1], "1");
    CHECK_EQ_INT(m.worth.wrong.n, 1);
    CHECK_TEXT(m.worth.wrong.at[0].id, "e2");
    CHECK_EQ_INT(m.worth.unsure.n, 1);
    release(&m);
}

TEST(a_retry_has_the_label_where_the_first_try_had_no_answer)
{
    merged m;
    gd_error error = {0};
    CHECK_OK(merge_files(&m, RECORD(BOTH("e1", "a"), "[null,null]") RECORD(BOTH("e2", "a"), "[0.1,0.9]"),
                         LABEL("a", "1"), NULL, 0, &error),
             &error);
    CHECK_EQ_INT(m.merge.counts.merged, 1);
    CHECK_EQ_INT(m.merge.counts.without_answer, 1);
    CHECK_EQ_INT(m.merge.counts.again, 0);
    release(&m);
}

#define NAMED(p, q)                                                                                                    \
    "{\\\"predictions\\\":[{\\\"class\\\":\\\"dog\\\",\\\"probability\\\":" q ",\\\"probabilities\\\":{\\\"cat\\\":" p \
    ",\\\"dog\\\":" q "}}]}"

TEST(names_come_of_answers_and_unknown_ones_are_said)
{
    merged m;
    gd_error error = {0};
    CHECK_OK(merge_files(&m, RECORD(EVENT("a"), NAMED("0.1", "0.9")) RECORD(EVENT("b"), "[0.4,0.6]"),
                         LABEL("a", "dog") LABEL("b", "zebra"), NULL, 0, &error),
             &error);
    CHECK_TEXT(m.merge.classes[1], "dog");
    CHECK_EQ_INT(m.merge.counts.merged, 1);
    CHECK_EQ_INT(m.merge.counts.unknown, 1);
    CHECK_EQ_INT(m.merge.counts.labels_left, 0);
    CHECK_CONTAINS(text_of(&m.merge.counts.first_unknown), "l.jsonl:2:1: label 'zebra' is none of the 2 classes");
    release(&m);

    static const char *const turned[] = {"dog", "cat"}; /* the model's order */
    CHECK_OK(merge_files(&m, RECORD(EVENT("a"), NAMED("0.1", "0.9")), LABEL("a", "0"), turned, 2, &error), &error);
    CHECK_EQ_INT(m.grades.answer[0], 0);
    CHECK_EQ_INT(m.grades.right[0], 1);
    release(&m);

    static const char *const others[] = {"cat", "cow"};
    CHECK_FAILS(merge_files(&m, RECORD(EVENT("a"), NAMED("0.1", "0.9")), LABEL("a", "0"), others, 2, &error),
                GD_INVALID, &error, "c.jsonl:1:1: the answer has class 'dog'");
    release(&m);
    CHECK_OK(merge_files(&m, RECORD(EVENT("a"), "[0.5,0.5]") RECORD(EVENT("b"), "[0.4,0.3,0.3]"), LABEL("a", "0"), NULL,
                         0, &error),
             &error);
    CHECK_EQ_INT(m.merge.counts.merged, 1);
    CHECK_EQ_INT(m.merge.counts.without_answer, 1);
    CHECK_EQ_INT(m.merge.captured.foreign, 1);
    CHECK_CONTAINS(text_of(&m.merge.captured.first_foreign),
                   "c.jsonl:2:1: an answer of 3 probabilities where the model has 2");
    release(&m);
}
